//! The carrier's control port: a small HTTP interface to its faults, its log and its portal.

use super::faults::Fault;
use super::judge::{by_label, judge};
use super::office::Office;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use std::error::Error;
use std::sync::Arc;

/// A person's deed on the carrier's portal.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    number: String,
    slot: u8,
    destination: String,
}

/// The routes; whoever reaches the port may use them, as there is nothing real behind it.
pub fn router(office: Arc<Office>) -> Router {
    Router::new()
        .route("/log", get(log))
        .route("/numbers", get(numbers))
        .route("/judgement", get(judgement))
        .route("/edit", post(edit))
        .route("/fault", post(add_fault))
        .route("/faults", get(list_faults).delete(clear_faults))
        .fallback(|| async { refusal(StatusCode::NOT_FOUND, ROUTES) })
        .method_not_allowed_fallback(|| async { refusal(StatusCode::METHOD_NOT_ALLOWED, ROUTES) })
        .with_state(office)
}

const ROUTES: &str = "there are GET /log, GET /log?after=N, GET /numbers, GET /judgement, GET /faults, POST /fault, \
                      POST /edit and DELETE /faults";

async fn log(State(office): State<Arc<Office>>, RawQuery(query): RawQuery) -> Response {
    let after = match query.as_deref() {
        None | Some("") => Some(0),
        Some(query) => query.strip_prefix("after=").and_then(|n| n.parse().ok()),
    };
    match after {
        Some(after) => Json(office.log.after(after)).into_response(),
        None => refusal(StatusCode::BAD_REQUEST, "the only query is after=N, N the number of an entry"),
    }
}

async fn numbers(State(office): State<Arc<Office>>) -> Response {
    Json(office.numbers()).into_response()
}

async fn judgement(State(office): State<Arc<Office>>) -> Response {
    Json(judge(&office.log.after(0), by_label)).into_response()
}

async fn list_faults(State(office): State<Arc<Office>>) -> Response {
    Json(office.faults.list()).into_response()
}

async fn clear_faults(State(office): State<Arc<Office>>) -> Response {
    office.faults.clear();
    Json(json!({ "ok": true })).into_response()
}

async fn add_fault(State(office): State<Arc<Office>>, body: Bytes) -> Response {
    match serde_json::from_slice::<Fault>(&body) {
        Ok(fault) => {
            office.faults.add(fault);
            Json(json!({ "ok": true })).into_response()
        }
        Err(error) => refusal(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

async fn edit(State(office): State<Arc<Office>>, body: Bytes) -> Response {
    let edit = match serde_json::from_slice::<Edit>(&body) {
        Ok(edit) => edit,
        Err(error) => return refusal(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    match office.edit(&edit.number, edit.slot, &edit.destination) {
        Ok(()) => Json(json!({ "ok": true })).into_response(),
        Err(error) => {
            let cause = error.source().map_or_else(String::new, |cause| format!(": {cause}"));
            refusal(StatusCode::BAD_REQUEST, &format!("{error}{cause}"))
        }
    }
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "error": why }))).into_response()
}
