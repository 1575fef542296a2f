//! What a guest of the manager interface asks, and what an Asterisk answers, word for word.

use super::{Class, Desk, Originated};

/// What is listed, as Asterisk's sources have it: the action, what it does, and whose class may.
const COMMANDS: [(&str, &str, &str); 10] = [
    ("DBDel", "Delete DB entry.", "system,all"),
    ("DBGet", "Get DB Entry.", "system,reporting,all"),
    ("DBGetTree", "Get DB entries, optionally at a particular family/key", "system,reporting,all"),
    ("DBPut", "Put DB entry.", "system,all"),
    ("Events", "Control Event Flow.", "<none>"),
    ("ListCommands", "List available manager commands.", "<none>"),
    ("Logoff", "Logoff Manager.", "<none>"),
    ("Originate", "Originate a call.", "originate,all"),
    ("PJSIPShowContacts", "Lists PJSIP Contacts.", "system,reporting,all"),
    ("Ping", "Keepalive command.", "<none>"),
];

/// The lines of one message.
pub(super) struct Action {
    headers: Vec<(String, String)>,
}

/// What is answered.
pub(super) enum Answer {
    Say(String),
    /// The guest chose which events it hears.
    Events(String),
    /// An event follows, for whoever listens.
    SayThenTell(String, String),
    Leave(String),
}

impl Action {
    pub(super) fn of(lines: Vec<String>) -> Self {
        let header = |line: String| {
            let (name, value) = line.split_once(':')?;
            // Blanks in front of a value are lost; those behind it are kept.
            Some((name.to_owned(), value.trim_start_matches(' ').to_owned()))
        };
        Self { headers: lines.into_iter().filter_map(header).collect() }
    }

    /// The first of this name wins.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str())
    }

    pub(super) fn is(&self, action: &str) -> bool {
        self.get("Action").is_some_and(|asked| asked.eq_ignore_ascii_case(action))
    }

    fn id(&self) -> String {
        self.get("ActionID").map(|id| format!("ActionID: {id}\r\n")).unwrap_or_default()
    }

    pub(super) fn error(&self, words: &str) -> String {
        format!("Response: Error\r\n{}Message: {words}\r\n\r\n", self.id())
    }

    pub(super) fn success(&self, lines: &[&str], words: Option<&str>) -> String {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let words = words.map(|words| format!("Message: {words}\r\n")).unwrap_or_default();
        format!("Response: Success\r\n{}{lines}{words}\r\n", self.id())
    }

    /// The answer to a guest who has logged in.
    pub(super) fn answer(&self, desk: &Desk, class: Class) -> Answer {
        let writes = class == Class::All;
        let Some(action) = self.get("Action").map(str::to_ascii_lowercase) else {
            return Answer::Say(self.error("Missing action in request"));
        };
        Answer::Say(match action.as_str() {
            "ping" => self.success(&["Ping: Pong", "Timestamp: 1795174446.210345"], None),
            "events" => return Answer::Events(self.events()),
            "dbget" => self.db_get(desk),
            "dbgettree" => self.db_get_tree(desk),
            "dbput" if writes => self.db_put(desk),
            "dbdel" if writes => self.db_del(desk),
            "originate" if writes => return self.originate(desk),
            "dbput" | "dbdel" | "originate" => self.error("Permission denied"),
            "listcommands" => self.list_commands(class),
            "pjsipshowcontacts" => self.contacts(desk),
            "logoff" => {
                let id = self.id();
                let goodbye = format!("Response: Goodbye\r\n{id}Message: Thanks for all the fish.\r\n\r\n");
                return Answer::Leave(goodbye);
            }
            _ => {
                let asked = self.get("Action").unwrap_or_default();
                let words = "Use Action: ListCommands to show available commands.";
                self.error(&format!("Invalid/unknown command: {asked}. {words}"))
            }
        })
    }

    /// Only what the guest may do is listed.
    fn list_commands(&self, class: Class) -> String {
        let may = |who: &str| class == Class::All || who == "<none>" || who.contains("reporting");
        let known = COMMANDS.iter().filter(|(_, _, who)| may(who));
        let lines: Vec<String> =
            known.map(|(name, does, who)| format!("{name}: {does} (Priv: {who})")).collect();
        self.success(&lines.iter().map(String::as_str).collect::<Vec<_>>(), None)
    }

    fn contacts(&self, desk: &Desk) -> String {
        let id = self.id();
        let event = |(uri, status): (&String, &String)| {
            format!(
                "Event: ContactList\r\n{id}ObjectType: contact\r\nObjectName: carrier;@{:x}\r\n\
                 QualifyTimeout: 3.000000\r\nEndpoint: carrier\r\nUri: {uri}\r\nQualifyFrequency: 60\r\n\
                 Status: {status}\r\nRoundtripUsec: 1042\r\n\r\n",
                uri.len()
            )
        };
        let found: Vec<String> = desk.ami.kept().contacts.iter().map(event).collect();
        if found.is_empty() {
            // The stray line end is Asterisk's own.
            return self.error("No Contacts found\n");
        }
        let words = "A listing of Contacts follows, presented as ContactList events";
        let began = self.success(&["EventList: start"], Some(words));
        let count = found.len();
        let ended =
            format!("Event: ContactListComplete\r\n{id}EventList: Complete\r\nListItems: {count}\r\n\r\n");
        format!("{began}{}{ended}", found.concat())
    }

    fn events(&self) -> String {
        let off = self.get("EventMask").is_some_and(|mask| mask.eq_ignore_ascii_case("off"));
        self.success(&[if off { "Events: Off" } else { "Events: On" }], None)
    }

    /// `/family/key`, or what is missing.
    fn place(&self) -> Result<String, String> {
        let given = |name: &str| self.get(name).filter(|value| !value.is_empty());
        let family = given("Family").ok_or_else(|| self.error("No family specified"))?;
        let key = given("Key").ok_or_else(|| self.error("No key specified"))?;
        Ok(format!("/{family}/{key}"))
    }

    fn db_put(&self, desk: &Desk) -> String {
        self.place().map_or_else(
            |fault| fault,
            |place| {
                let value = self.get("Val").unwrap_or_default().to_owned();
                desk.ami.kept().database.insert(place, value);
                self.success(&[], Some("Updated database successfully"))
            },
        )
    }

    fn db_del(&self, desk: &Desk) -> String {
        self.place().map_or_else(
            |fault| fault,
            |place| match desk.ami.kept().database.remove(&place) {
                Some(_) => self.success(&[], Some("Key deleted successfully")),
                None => self.error("Database entry could not be deleted"),
            },
        )
    }

    fn db_get(&self, desk: &Desk) -> String {
        let place = match self.place() {
            Ok(place) => place,
            Err(fault) => return fault,
        };
        let Some(value) = desk.ami.kept().database.get(&place).cloned() else {
            return self.error("Database entry not found");
        };
        let (family, key) = (self.get("Family").unwrap_or_default(), self.get("Key").unwrap_or_default());
        let id = self.id();
        let found =
            format!("Event: DBGetResponse\r\nFamily: {family}\r\nKey: {key}\r\nVal: {value}\r\n{id}\r\n");
        self.list(&[found], "DBGetComplete")
    }

    fn db_get_tree(&self, desk: &Desk) -> String {
        let family = self.get("Family").unwrap_or_default();
        let key = self.get("Key").map(|key| format!("/{key}")).unwrap_or_default();
        let root = if family.is_empty() { String::new() } else { format!("/{family}{key}") };
        let kept = desk.ami.kept();
        let under =
            |place: &str| place == root || place.strip_prefix(&root).is_some_and(|p| p.starts_with('/'));
        let event = |(place, value): (&String, &String)| {
            format!("Event: DBGetTreeResponse\r\nKey: {place}\r\nVal: {value}\r\n{}\r\n", self.id())
        };
        let found: Vec<String> = kept.database.iter().filter(|(place, _)| under(place)).map(event).collect();
        self.list(&found, "DBGetTreeComplete")
    }

    fn list(&self, found: &[String], complete: &str) -> String {
        let began = self.success(&["EventList: start"], Some("Result will follow"));
        let (id, count) = (self.id(), found.len());
        let ended = format!("Event: {complete}\r\n{id}EventList: Complete\r\nListItems: {count}\r\n\r\n");
        format!("{began}{}{ended}", found.concat())
    }

    /// Whoever is no extension cannot be called.
    fn originate(&self, desk: &Desk) -> Answer {
        let Some(channel) = self.get("Channel").filter(|channel| !channel.is_empty()) else {
            return Answer::Say(self.error("Channel not specified"));
        };
        let called = channel.split_once('/').map_or(channel, |(_, rest)| rest).split('@').next();
        let reached = called.is_some_and(|called| desk.extensions.contains(called));
        let get = |name: &str| self.get(name).unwrap_or_default();
        let (to, told) = match self.get("Application") {
            Some(application) => {
                let data = get("Data");
                (format!("{application} {data}"), format!("Application: {application}\r\nData: {data}"))
            }
            None => {
                let (context, exten) = (get("Context"), get("Exten"));
                (format!("{exten}@{context}"), format!("Context: {context}\r\nExten: {exten}"))
            }
        };
        let waits = !get("Async").eq_ignore_ascii_case("true");
        desk.ami.kept().originated.push(Originated { channel: channel.to_owned(), to });
        if waits && !reached {
            return Answer::Say(self.error("Originate failed"));
        }
        let queued = self.success(&[], Some("Originate successfully queued"));
        let (response, reason) = if reached { ("Success", 4) } else { ("Failure", 0) };
        let id = self.id();
        let event = format!(
            "Event: OriginateResponse\r\nPrivilege: call,all\r\nSystemName: peer\r\n{id}Response: {response}\r\n\
             Channel: {channel}\r\n{told}\r\nReason: {reason}\r\nUniqueid: <unknown>\r\n\
             CallerIDNum: <unknown>\r\nCallerIDName: <unknown>\r\n\r\n"
        );
        Answer::SayThenTell(queued, event)
    }
}
