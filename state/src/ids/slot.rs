//! The slots of a number at its carrier: the first is the number itself, the others have names of their own.

use super::{DOOR, Number};

impl Number {
    /// A slot of this number, 1 to 3.
    pub fn at_slot(&self, slot: usize) -> Self {
        match slot {
            1 => self.clone(),
            _ => Self::new(format!("{self}{DOOR}{slot}")),
        }
    }

    /// The number that has this slot.
    pub fn line(&self) -> Self {
        match self.behind() {
            Some((number, _)) => Self::new(number),
            None => self.clone(),
        }
    }

    /// Which slot of the number it is, 1 to 3.
    pub fn slot(&self) -> usize {
        self.behind().map_or(1, |(_, slot)| slot)
    }

    /// Whether it is a slot behind the first: prepared and audited, and never relied on.
    pub fn is_behind(&self) -> bool {
        self.behind().is_some()
    }

    /// Whether both are slots of one number: a carrier may write a number as a whole, so they have one writer.
    pub fn meets(&self, other: &Self) -> bool {
        let line = |of: &'_ Self| of.behind().map_or(of.as_str().len(), |(number, _)| number.len());
        self.as_str()[..line(self)] == other.as_str()[..line(other)]
    }

    fn behind(&self) -> Option<(&str, usize)> {
        match self.as_str().split_once(DOOR)? {
            (number, "2") => Some((number, 2)),
            (number, "3") => Some((number, 3)),
            (_, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_a_name_of_its_number() {
        let number = Number::new("02079460000");
        let (second, third) = (number.at_slot(2), number.at_slot(3));
        assert_eq!((number.at_slot(1), second.as_str()), (number.clone(), "02079460000#2"));
        assert_eq!([&number, &second, &third].map(Number::slot), [1, 2, 3]);
        assert_eq!([&number, &second, &third].map(Number::line), [(); 3].map(|()| number.clone()));
        assert_eq!([&number, &second, &third].map(Number::is_behind), [false, true, true]);
        assert!(second.meets(&third) && number.meets(&third) && number.meets(&number));
        assert!(!second.meets(&Number::new("02079460001").at_slot(2)));
        assert!(!Number::new("0207946").meets(&number), "a part of a number is another one");
    }

    #[test]
    fn what_is_no_slot_stays_what_it_is() {
        let other = Number::new("exec@london#1");
        assert_eq!((other.slot(), other.line(), other.is_behind()), (1, other.clone(), false));
    }
}
