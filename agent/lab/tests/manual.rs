//! The man page of pointsman-lab and its `--help` speak of the same commands and flags.

#[path = "../../tests/manual/page.rs"]
mod page;

use std::path::Path;

#[test]
fn the_lab_and_its_page_agree() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man/pointsman-lab.1");
    page::agree(env!("CARGO_BIN_EXE_pointsman-lab"), &page);
}

/// Who can act when: the page says what is counted. `UPDATE=1` rewrites it.
#[test]
fn the_table_of_cut_links_is_that_of_the_program() {
    const BEGIN: &str =
        "may be moved, or is left where it is, and people are told:\n.Bd -literal -offset indent\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../man/pointsman-lab.1");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(BEGIN).expect("the page has the table's beginning");
    let (table, after) = rest.split_once(".Ed\n").expect("and its end");
    let lines: Vec<String> =
        lab::simulator::cuts::table().iter().map(|line| line.trim_end().to_owned() + "\n").collect();
    let counted: String = lines.concat();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{counted}.Ed\n{after}"))
            .expect("the page can be written");
    } else {
        assert_eq!(table, counted, "UPDATE=1 rewrites it");
    }
}
