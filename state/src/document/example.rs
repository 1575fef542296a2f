//! What a missing key looks like, so that the hint of its fault can be typed as it stands.

/// A key of one of our languages, and a value that could stand there.
const EXAMPLES: [(&str, &str); 37] = [
    ("about", "about: Point a route at another site and say why."),
    ("address", "address: 192.0.2.10"),
    ("after", "after: 2h"),
    ("carrier", "carrier: magrathea"),
    ("carriers", "carriers: { magrathea: { ntsapi: { host: secure.magrathea-telecom.co.uk } } }"),
    ("cluster", "cluster: bytemark"),
    ("command", "command: announce-anycast"),
    ("down", "down: london/proxy"),
    ("ensure", "ensure: { notify: { text: \"$route: $reason\" } }"),
    ("for", "for: 15s"),
    ("from", "from: pointsman@example.com"),
    ("host", "host: secure.magrathea-telecom.co.uk"),
    ("inputs", "inputs: { route: route, from: site, to: site, reason: text }"),
    ("listen", "listen: { peers: 192.0.2.10:7701 }"),
    ("ntsapi", "ntsapi: { host: secure.magrathea-telecom.co.uk }"),
    ("numbers", "numbers: [\"02079460000\"]"),
    ("on_call.from", "from: 2026-11-23"),
    ("page", "page: www"),
    ("pbx", "pbx: 192.0.2.11"),
    ("peers", "peers: 192.0.2.10:7701"),
    ("play", "play: withdraw-prefix"),
    ("playbook", "playbook: fail-over"),
    ("port", "port: 5060"),
    ("prefer", "prefer: [london, manchester]"),
    ("relays", "relays: [192.0.2.25, 198.51.100.25]"),
    ("rota", "rota: [matthew, peter]"),
    ("route", "route: $route"),
    (
        "routes",
        "routes: { main: { carrier: magrathea, numbers: [\"02079460000\"], to: S:$number@$pbx, prefer: [london] } }",
    ),
    ("site", "site: london"),
    ("sites", "sites: { london: { votes: 1, address: 192.0.2.10, pbx: 192.0.2.11 } }"),
    (
        "steps",
        "steps: [{ ensure: { notify: { text: \"$reason\" } }, no_undo: a message cannot be recalled }]",
    ),
    ("tell.after", "after: 10m"),
    ("tell", "tell: [matthew, peter]"),
    ("text", "text: \"$route: $reason\""),
    ("to", "to: S:$number@$pbx"),
    ("turn", "turn: 1w"),
    ("votes", "votes: 1"),
];

/// What could be written for a key of a map, whose own key is `owner`; none for a key that is not known here.
pub(super) fn example(owner: &str, key: &str) -> Option<&'static str> {
    let within = format!("{owner}.{key}");
    let find = |name: &str| EXAMPLES.iter().find(|(known, _)| *known == name).map(|(_, example)| *example);
    find(&within).or_else(|| find(key))
}
