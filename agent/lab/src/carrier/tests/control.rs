//! The control port, as a program drives it.

use super::*;
use serde_json::{Value, json};

async fn carrier() -> (Carrier, String, reqwest::Client) {
    let mut setup = setup();
    setup.control = Some("127.0.0.1:0".parse().unwrap());
    let carrier = Carrier::start(setup).await.unwrap();
    let base = format!("http://{}", carrier.control().unwrap());
    // The client wants a TLS provider even for plain HTTP; another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    (carrier, base, reqwest::Client::new())
}

#[tokio::test]
async fn faults_and_edits_come_in_and_the_log_comes_out() {
    let (carrier, base, http) = carrier().await;
    let fault = json!({"fault": "error", "digit": 5, "verb": "SET", "next": 1});
    let answer = http.post(format!("{base}/fault")).json(&fault).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let listed = http.get(format!("{base}/faults")).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(listed[0]["fault"], "error");
    let mut client = Client::logged_in(&carrier).await;
    assert_eq!(client.ask(&format!("{SET}\r\n")).await, "5 Refused");
    let edit = json!({"number": "02079460000", "slot": 1, "destination": "S:442079460000@127.0.0.22"});
    assert_eq!(http.post(format!("{base}/edit")).json(&edit).send().await.unwrap().status(), 200);
    assert_eq!(client.ask(&format!("{STAT}\r\n")).await, MANCHESTER);
    let numbers = http.get(format!("{base}/numbers")).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(numbers["02079460000"]["slots"][0], "S:442079460000@127.0.0.22");
    assert_eq!(numbers["02079460002"]["account"], "other");
    let log = http.get(format!("{base}/log")).send().await.unwrap().json::<Vec<Value>>().await.unwrap();
    let whats = log.iter().map(|entry| entry["what"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(whats.contains(&"edited") && whats.contains(&"set_received"), "{whats:?}");
    assert!(log[0]["t_ms"].is_u64() && log[0]["connection"] == 1, "{:?}", log[0]);
    let last = log.last().unwrap()["n"].as_u64().unwrap();
    let rest = http
        .get(format!("{base}/log?after={last}"))
        .send()
        .await
        .unwrap()
        .json::<Vec<Value>>()
        .await
        .unwrap();
    assert_eq!(rest, Vec::<Value>::new());
    let judged = http.get(format!("{base}/judgement")).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(judged, json!({"switches": [], "dual_writers": []}), "an edit is not a switch of an agent");
}

#[tokio::test]
async fn what_it_cannot_take_is_refused_with_the_reason() {
    let (_carrier, base, http) = carrier().await;
    for (path, body, why) in [
        ("/fault", "", "EOF"),
        ("/fault", "{}", "missing field `fault`"),
        ("/fault", r#"{"fault":"hang"}"#, "needs `at`"),
        ("/edit", r#"{"number":"02079460009","slot":1,"destination":""}"#, "no number `02079460009` here"),
        ("/edit", r#"{"number":"02079460000","slot":4,"destination":""}"#, "slot `4`"),
        (
            "/edit",
            r#"{"number":"02079460000","slot":1,"destination":"x y"}"#,
            "cannot point there: destination has",
        ),
    ] {
        let answer = http.post(format!("{base}{path}")).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{body}");
        let error = answer.json::<Value>().await.unwrap()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(why), "{body}: {error}");
    }
    assert_eq!(http.get(format!("{base}/log?since=1")).send().await.unwrap().status(), 400);
    let lost = http.get(format!("{base}/nothing")).send().await.unwrap();
    assert_eq!(lost.status(), 404);
    assert!(lost.text().await.unwrap().contains("POST /edit"));
}
