//! What is made of a letter for looking at it: its pages as pictures, from the draft on, and what they are made with.
//! Compiling and drawing happen outside the threads that serve requests, in few turns.

use super::answer::{Described, Found, Tagged};
use super::caller::Allowed;
use super::extract::{ApiPath2, ApiQuery};
use super::letters::{reader, sender};
use super::operation::OperationSpec;
use super::problem::Answer;
use super::turns::Turns;
use crate::access::permissions::may;
use crate::fault::Fault;
use crate::ids::LetterId;
use crate::letters::rules::LetterState;
use crate::letters::typeset::{DPI, MadeWith, Picture};
use crate::letters::{self, render};
use actix_web::body::BoxBody;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse, Responder};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

/// Pages made at a time: each reads and decodes the photos of a whole letter.
static PAGES: Turns = Turns::new(2, "too many pages to draw");

/// How a page is drawn.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Pixels to the inch, 96–200; 120 unless given.
    #[garde(range(min = *DPI.start(), max = *DPI.end()))]
    #[param(minimum = 96, maximum = 200)]
    dpi: Option<u32>,
}

/// A page of a letter.
pub struct PagePicture {
    picture: Picture,
    /// The letter is issued, so its pages stay what they are.
    settled: bool,
}

pub async fn page(
    caller: Allowed<may::ReadLetters>,
    ApiPath2(id, page): ApiPath2<LetterId, u32>,
    ApiQuery(query): ApiQuery<PageQuery>,
) -> Answer<PagePicture> {
    let (reader, sender, now) = (reader(&caller), sender(&caller), caller.now);
    let (letter, state) = caller
        .read(move |conn| {
            let row = letters::row(conn, &reader, id)?;
            Ok((letters::preview(conn, &sender, &row, now)?, row.state))
        })
        .await?;
    let app = caller.app().clone();
    let number = usize::try_from(page).unwrap_or(usize::MAX);
    let picture = PAGES.run(move || render::page(&app, &letter, number, query.dpi.unwrap_or(120))).await?;
    let settled = matches!(state, LetterState::Issued | LetterState::DocumentReady);
    Ok(PagePicture { picture, settled })
}

impl Responder for PagePicture {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let kept = if self.settled { "private, max-age=600" } else { "no-store" };
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "image/png"))
            .insert_header(("X-Page-Count", self.picture.pages.to_string()))
            .insert_header((CACHE_CONTROL, kept))
            .insert_header(("Content-Security-Policy", "default-src 'none'; sandbox"))
            .body(self.picture.png)
    }
}

impl Described for PagePicture {
    fn describe(op: &mut OperationSpec) {
        let content = json!({"image/png": {"schema": {"type": "string", "format": "binary"}}});
        let count = json!({"description": "该函的总页数", "schema": {"type": "integer", "minimum": 1}});
        let headers = json!({ "X-Page-Count": count });
        op.response("200", json!({"description": "该页的图片", "headers": headers, "content": content}));
        op.problems(&[
            ("409", "按台账现状不能成文"),
            ("422", "参数有误，或含有没有字体可以显示的字符"),
            ("503", "正在排版的提醒函过多，请稍后再试"),
        ]);
    }
}

impl Tagged for MadeWith {}

pub async fn fonts(caller: Allowed<may::ReadLetterFonts>) -> Answer<Found<MadeWith>> {
    let app = caller.app().clone();
    // The first to ask has the files of the fonts hashed.
    let told = tokio::task::spawn_blocking(move || app.typesetter.made_with().clone());
    Ok(Found(told.await.map_err(Fault::internal)?))
}
