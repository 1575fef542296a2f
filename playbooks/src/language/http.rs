//! The end state `http`: a switch that is thrown by one request and read by another, with values in their places.

use super::template::Place;
use super::{Inputs, Template};
use state::document::{self, Faults, Value};
use state::plan::{Login, Method, Scheme};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The longest URL: nobody reads more on a screen.
const URL_MAX: usize = 1000;

/// A switch with its names still open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpWish {
    /// Where both requests are sent.
    pub address: SocketAddr,
    /// How it is thrown.
    pub method: Method,
    /// What it is called.
    pub url: Template,
    /// What is sent.
    pub body: Option<Template>,
    /// What the request must be answered with; nothing named is every 2xx.
    pub expect: Vec<u16>,
    /// Where it is read; nothing is where it is thrown.
    pub read: Option<Template>,
    /// What a reading must be answered with; nothing named is every 2xx.
    pub read_expect: Vec<u16>,
    /// What must stand where in the reading.
    pub shows: Option<ShowsWish>,
    /// Who asks.
    pub secret: Option<Login>,
}

/// A place in the reading and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowsWish {
    /// The JSON pointer.
    pub pointer: String,
    /// What shall stand there.
    pub is: Template,
    /// What may be overwritten.
    pub was: Option<Template>,
}

/// Reads `http`.
pub(super) fn read(value: Value<'_>, inputs: &Inputs) -> Option<HttpWish> {
    let mut map = value.map()?;
    let url = map.required("url").map(|url| (url, self::url(url, inputs)));
    let beside = map.optional("address");
    let method = map.optional("method").map(method);
    let body = map.optional("body").map(|body| self::body(body, inputs));
    let expect = map.optional("expect").map(codes);
    let from = map.optional("read").map(|read| (read, self::url(read, inputs)));
    let read_expect = map.optional("read_expect").map(codes);
    let shows = (map.optional("pointer"), map.optional("is"), map.optional("was"));
    let by = (map.optional("secret"), map.optional("scheme"));
    map.finish();
    let (at, url) = url?;
    let (url, host) = url?;
    let read = match from {
        None => None,
        Some((at, read)) => {
            let (read, other) = read?;
            if other != host {
                return at.refuse("it is read at another place than it is thrown", "the same host and port");
            }
            Some(read)
        }
    };
    if shows.0.is_none() && read_expect.is_none() {
        value.refuse::<()>(
            "nothing says how it is seen to stand as wanted",
            "`pointer: /to, is: $to`, or `read_expect: 404`",
        );
    }
    Some(HttpWish {
        address: address(at, (&host, beside))?,
        method: method.unwrap_or(Some(Method::Put))?,
        url,
        body: body.map_or(Some(None), |body| body.map(Some))?,
        expect: expect.unwrap_or_default(),
        read,
        read_expect: read_expect.unwrap_or_default(),
        shows: self::shows(value, shows, inputs)?,
        secret: secret(by)?,
    })
}

fn method(value: Value<'_>) -> Option<Method> {
    value.one_of(&[
        ("put", Method::Put),
        ("post", Method::Post),
        ("patch", Method::Patch),
        ("delete", Method::Delete),
    ])
}

/// Status codes; what is no code is a fault, and none of the others takes its place.
fn codes(value: Value<'_>) -> Vec<u16> {
    let code = |code: Value<'_>| code.count(200..=599).and_then(|code| u16::try_from(code).ok());
    value.list().into_iter().filter_map(code).collect()
}

/// Host and port of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Host {
    name: String,
    port: u16,
}

/// A URL whose host is written out, and which leads nowhere else however its values are filled in.
fn url(value: Value<'_>, inputs: &Inputs) -> Option<(Template, Host)> {
    let text = value.words()?;
    let rest = text.strip_prefix("https://").map(|rest| (rest, 443));
    let rest = rest.or_else(|| text.strip_prefix("http://").map(|rest| (rest, 80)));
    let plain = text.len() <= URL_MAX && text.bytes().all(|byte| byte.is_ascii_graphic());
    let Some((rest, usual)) = rest.filter(|_| plain && !text.contains(['@', '#', '\\'])) else {
        return value.refuse(format!("`{text}` is no url"), "such as `https://192.0.2.7/v1/routes/$route`");
    };
    let authority = rest.split(['/', '?']).next().unwrap_or(rest);
    if authority.contains('$') {
        return value.refuse("the host of a url is written out", "values stand behind the first `/`");
    }
    let (name, port) = match authority.rsplit_once(':').filter(|(name, _)| !name.is_empty()) {
        Some((name, port)) if !authority.ends_with(']') => (name, port.parse().ok().filter(|port| *port > 0)),
        Some(_) | None => (authority, Some(usual)),
    };
    let six = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let spelt = six.map_or_else(|| document::is_host(name), |six| six.parse::<Ipv6Addr>().is_ok());
    let Some(port) = port.filter(|_| spelt) else {
        return value.refuse(format!("`{authority}` is no host"), "such as `192.0.2.7:8443`");
    };
    let template = Template::placed(value, inputs, Place::Url)?;
    Some((template, Host { name: name.to_owned(), port }))
}

/// An address in the URL itself, or one beside a name: no name is looked up when it matters.
fn address(url: Value<'_>, (host, beside): (&Host, Option<Value<'_>>)) -> Option<SocketAddr> {
    let written = host.name.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let ip = match (written, beside) {
        (Some(ip), None) => ip,
        (None, Some(beside)) => beside.ip()?,
        (Some(_), Some(twice)) => {
            return twice
                .refuse("the url has an address already", "write a name in the url, or leave this out");
        }
        (None, None) => {
            let note = "`address: 192.0.2.7` beside it: the name service may be down when it matters";
            return url.refuse(format!("where is `{}`?", host.name), note);
        }
    };
    Some(SocketAddr::new(ip, host.port))
}

/// JSON in which values stand between quotes, where nothing that they are can mean anything else.
fn body(value: Value<'_>, inputs: &Inputs) -> Option<Template> {
    let text = value.words()?;
    let mut quoted = false;
    let mut escaped = false;
    for letter in text.chars() {
        match (letter, escaped) {
            ('$', _) if !quoted => {
                return value
                    .refuse("a value in a body stands between quotes", "such as `{\"to\": \"$to\"}`");
            }
            ('\\', false) if quoted => escaped = true,
            ('"', false) => quoted = !quoted,
            (_, _) => escaped = false,
        }
    }
    let faults = Faults::new();
    let shape = text.trim_start().starts_with(['{', '[']) && document::read(text, &faults).is_some();
    if quoted || !shape || faults.report("body", text).is_some() {
        return value.refuse("the body is no JSON", "such as `{\"to\": \"$to\"}`");
    }
    Template::placed(value, inputs, Place::Json)
}

type Written<'t> = (Option<Value<'t>>, Option<Value<'t>>, Option<Value<'t>>);

/// What must stand in the reading, and what may be overwritten.
fn shows(whole: Value<'_>, written: Written<'_>, inputs: &Inputs) -> Option<Option<ShowsWish>> {
    let (pointer, is, was) = match written {
        (None, None, None) => return Some(None),
        (Some(pointer), Some(is), was) => (pointer, is, was),
        (_, _, _) => {
            return whole.refuse("`pointer` and `is` belong together", "`pointer: /to, is: $to`");
        }
    };
    let text = pointer.words()?;
    if !text.starts_with('/') {
        return pointer.refuse(format!("`{text}` is no JSON pointer"), "such as `/to` or `/routes/0/to`");
    }
    let was = was.map(|was| Template::text(was, inputs));
    Some(Some(ShowsWish {
        pointer: text.to_owned(),
        is: Template::text(is, inputs)?,
        was: was.map_or(Some(None), |was| was.map(Some))?,
    }))
}

fn secret((name, scheme): (Option<Value<'_>>, Option<Value<'_>>)) -> Option<Option<Login>> {
    let scheme = match (name, scheme) {
        (None, Some(scheme)) => return scheme.refuse("a scheme without a secret", "`secret: switch`"),
        (_, None) => Some(Scheme::Basic),
        (Some(_), Some(scheme)) => scheme.one_of(&[("basic", Scheme::Basic), ("bearer", Scheme::Bearer)]),
    };
    match name {
        None => Some(None),
        Some(name) => Some(Some(Login { name: name.name()?.to_owned(), scheme: scheme? })),
    }
}
