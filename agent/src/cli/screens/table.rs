//! Columns that are as wide as their widest cell.

/// Rows of cells, the first row the header; cells that are numbers are set to the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wide = |c: usize| rows.iter().filter_map(|r| r.get(c)).map(|t| t.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(wide).collect();
    let number = |c: usize| {
        rows.iter().skip(1).filter_map(|row| row.get(c)).all(|t| t.chars().all(|x| x.is_ascii_digit()))
    };
    let right: Vec<bool> = (0..columns).map(number).collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (c, cell) in row.iter().enumerate() {
            let width = widths[c];
            line += &if right[c] { format!("{cell:>width$}  ") } else { format!("{cell:width$}  ") };
        }
        out += line.trim_end();
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn numbers_stand_below_each_other_at_their_last_digit() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let shown = table(&[row("site", "votes"), row("netherlands", "2"), row("x", "10")]);
        assert_eq!(shown, "site         votes\nnetherlands      2\nx               10\n");
    }
}
