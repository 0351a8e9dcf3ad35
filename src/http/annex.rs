//! Claims for many lines of a letter's annex in one request. Each is judged and stored as if it had been sent alone, and answered so;
//! whatever is wrong with one spoils no other.

use super::answer::{Found, Tagged};
use super::batch::items_of;
use super::caller::Allowed;
use super::extract::{self, ApiPath, JSON_LIMIT, Later, json_bytes, parse_json};
use super::letters::reader;
use super::operation::{OperationSpec, Part};
use super::problem::{Answer, Problem, ProblemDetails};
use crate::access::permissions::may;
use crate::fault::{Fault, Outcome};
use crate::findings::rules::State;
use crate::findings::{self, Claim};
use crate::ids::{FindingId, LetterId};
use crate::letters;
use crate::photos::Declared;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, ResponseError as _};
use chrono::NaiveDate;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The largest request, in bytes.
const ANNEX_LIMIT: u64 = 4 * 1024 * 1024;

/// A claim for a line of the annex.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnnexClaim {
    /// The finding, by its number or id.
    #[garde(length(chars, min = 1, max = 60))]
    finding: String,
    /// The day on which it was rectified.
    #[garde(skip)]
    claimed_on: NaiveDate,
    /// What was done.
    #[garde(length(chars, min = 2, max = 2000))]
    measures: String,
    /// Whether the like was looked for elsewhere.
    #[garde(length(chars, min = 1, max = 2000))]
    similar_check: Option<String>,
    /// What keeps it from coming back.
    #[garde(length(chars, min = 1, max = 2000))]
    system_measures: Option<String>,
    /// Who watches over it.
    #[garde(length(chars, min = 1, max = 50))]
    supervisor: Option<String>,
    /// Proofs, at most 20; to be uploaded after.
    #[garde(length(max = 20), dive)]
    photos: Vec<Declared>,
}

/// Claims, at most 50.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "for the specification: items are read one by one")]
pub struct AnnexBody {
    /// In the order in which they are stored and answered.
    #[schema(min_items = 1, max_items = 50)]
    items: Vec<AnnexClaim>,
}

/// What became of a claim.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnexLine {
    /// The finding as it was named; none where it was not.
    pub finding: Option<String>,
    /// The status that a request of its own would have had.
    pub status: u16,
    /// Where the finding now stands, of a claim that is stored.
    pub state: Option<State>,
    /// The problem, of one that is not. Pointers lead into the item.
    pub problem: Option<ProblemDetails>,
}

/// What became of the claims.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnnexAnswer {
    /// In the order of the request.
    pub items: Vec<AnnexLine>,
}
impl Tagged for AnnexAnswer {}

/// The texts of the items.
pub struct Annex(Vec<String>);

impl FromRequest for Annex {
    type Error = Problem;
    type Future = Later<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let bytes = json_bytes(request, payload, ANNEX_LIMIT).await?;
            let not_json = |_| Fault::invalid("", "unreadable_json", "请求体不是有效的 JSON");
            let text = std::str::from_utf8(&bytes).map_err(not_json)?;
            Ok(Self(items_of(text)?.into_iter().map(str::to_string).collect()))
        })
    }
}

impl Part for Annex {
    fn describe(op: &mut OperationSpec) {
        extract::ApiJson::<AnnexBody>::describe(op);
    }
}

pub async fn claim(
    caller: Allowed<may::ClaimByLetter>,
    ApiPath(id): ApiPath<LetterId>,
    Annex(texts): Annex,
) -> Answer<Found<AnnexAnswer>> {
    let reader = reader(&caller);
    let printed = caller
        .read(move |conn| {
            letters::find(conn, &reader, id)?;
            letters::printed(conn, id)
        })
        .await?;
    let mut items = Vec::with_capacity(texts.len());
    for text in texts {
        let (finding, outcome) = match read(&text) {
            Ok(item) => (Some(item.finding.clone()), one(&caller, &printed, item).await),
            Err(fault) => (named(&text), Err(fault)),
        };
        items.push(line(finding, outcome));
    }
    Ok(Found(AnnexAnswer { items }))
}

fn read(text: &str) -> Outcome<AnnexClaim> {
    if text.len() as u64 > JSON_LIMIT {
        return Err(Fault::TooLarge { limit: JSON_LIMIT });
    }
    let item: AnnexClaim = parse_json(text.as_bytes())?;
    extract::check(&item)?;
    Ok(item)
}

/// The finding that an item names, whatever else is wrong with it.
fn named(text: &str) -> Option<String> {
    let item: serde_json::Value = serde_json::from_str(text).ok()?;
    item.get("finding")?.as_str().map(str::to_string)
}

async fn one(
    caller: &Allowed<may::ClaimByLetter>,
    printed: &[FindingId],
    item: AnnexClaim,
) -> Outcome<State> {
    let elsewhere = || Fault::invalid("/finding", "not_in_letter", "该函附件中没有此问题");
    let name = item.finding.clone();
    let id = match name.parse::<FindingId>() {
        Ok(id) => Some(id),
        Err(_) => caller.read(move |conn| findings::numbered(conn, &name)).await?,
    };
    let id = id.filter(|id| printed.contains(id)).ok_or_else(elsewhere)?;
    let claim = Claim {
        claimed_on: item.claimed_on,
        measures: item.measures,
        similar_check: item.similar_check,
        system_measures: item.system_measures,
        supervisor: item.supervisor,
        photos: item.photos,
    };
    let (holder, now) = (caller.holder(), caller.now);
    let claimed = caller.write(move |tx| {
        findings::claim(tx, &holder, id, &claim)?;
        Ok(findings::find(tx.conn(), &holder.scope, id, now)?.finding.state)
    });
    claimed.await
}

fn line(finding: Option<String>, outcome: Outcome<State>) -> AnnexLine {
    match outcome {
        Ok(state) => {
            let status = StatusCode::OK.as_u16();
            AnnexLine { finding, status, state: Some(state), problem: None }
        }
        Err(fault) => {
            let problem = Problem(fault);
            let status = problem.status_code().as_u16();
            AnnexLine { finding, status, state: None, problem: Some(problem.details()) }
        }
    }
}
