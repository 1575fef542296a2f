//! The man page of pointsman and its `--help` speak of the same commands and flags.

/// How a page and a program are read and compared; the lab's test shares it.
mod manual {
    pub mod page;
}

use std::path::Path;

#[test]
fn pointsman_and_its_page_agree() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man/pointsman.8");
    manual::page::agree(env!("CARGO_BIN_EXE_pointsman"), &page);
}
