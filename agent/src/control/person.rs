//! Who is at the other end of the control socket, and whether that person may change anything.

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};
use state::Who;
use std::collections::BTreeSet;
use std::ffi::CString;

/// Whoever is in this group may look.
pub const LOOK_GROUP: &str = "pointsman";
/// Whoever is in this group may change something.
pub const ACT_GROUP: &str = "pointsman-act";

/// Somebody at the socket, as the kernel vouches for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The login name, or `uid 1000`.
    pub who: Who,
    /// The user's number.
    pub uid: u32,
    /// Every group of that user, by number.
    pub groups: BTreeSet<u32>,
}

impl Person {
    /// Looks the user up in the machine's own lists; may block where these are on a network.
    pub fn of(uid: u32, gid: u32) -> Self {
        // An unreadable user list must not lock root out, so whatever is not found is simply absent.
        let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
        let name = user.as_ref().and_then(|user| CString::new(user.name.as_str()).ok());
        let listed = name.and_then(|name| getgrouplist(&name, Gid::from_raw(gid)).ok()).unwrap_or_default();
        let groups = listed.into_iter().map(Gid::as_raw).chain([gid]).collect();
        let who = user.map_or_else(|| format!("uid {uid}"), |user| user.name);
        Self { who: Who::new(who), uid, groups }
    }
}

/// Who may change something; everybody who can open the socket may look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// These users.
    pub uids: BTreeSet<u32>,
    /// And the members of this group, if the machine has it.
    pub group: Option<u32>,
}

impl Rule {
    /// Root, the user the agent runs as, and the members of `pointsman-act`.
    pub fn of_this_machine() -> Self {
        let uids = BTreeSet::from([0, Uid::effective().as_raw()]);
        Self { uids, group: group(ACT_GROUP) }
    }

    /// Whether this person may change something.
    pub fn lets(&self, person: &Person) -> bool {
        self.uids.contains(&person.uid) || self.group.is_some_and(|group| person.groups.contains(&group))
    }
}

/// A group's number, if the machine has that group.
pub fn group(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(uid: u32, groups: &[u32]) -> Person {
        Person { who: Who::new("x"), uid, groups: groups.iter().copied().collect() }
    }

    #[test]
    fn only_listed_users_and_members_of_the_group_may_act() {
        let rule = Rule { uids: BTreeSet::from([0, 990]), group: Some(77) };
        assert!(rule.lets(&person(0, &[])));
        assert!(rule.lets(&person(990, &[])));
        assert!(rule.lets(&person(1000, &[1000, 77])));
        assert!(!rule.lets(&person(1000, &[1000, 78, 0])), "being in root's group is not being root");
    }

    #[test]
    fn without_the_group_nobody_else_may_act() {
        let rule = Rule { uids: BTreeSet::from([0]), group: None };
        assert!(!rule.lets(&person(1000, &[0, 77])));
    }

    #[test]
    fn root_has_a_name_and_a_stranger_a_number() {
        assert_eq!(Person::of(0, 0).who, Who::new("root"));
        assert_eq!(Person::of(3_999_999_999, 5).who, Who::new("uid 3999999999"));
        assert!(Person::of(3_999_999_999, 5).groups.contains(&5));
    }
}
