//! The man page of pointsman-lab and its `--help` speak of the same commands and flags.

#[path = "../../tests/manual/page.rs"]
mod page;

use std::path::Path;

#[test]
fn the_lab_and_its_page_agree() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man/pointsman-lab.1");
    page::agree(env!("CARGO_BIN_EXE_pointsman-lab"), &page);
}
