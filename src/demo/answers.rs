//! What the streets do with their letters on the day on which they have them: most say so, and a few answer at once, line by
//! line. The others have until the day that the letter names.

use super::client::Session;
use super::play::{LETTERS, Quarter, at, text};
use super::progress::Stage;
use crate::access::Role;
use serde_json::{Value, json};

/// One street of so many has not looked into its inbox yet, and one of so many answers at once.
const UNSEEN: usize = 9;
const QUICK: usize = 4;

/// Lets the streets receive and answer; `letters` in the order of their numbers.
///
/// # Errors
/// What the server answered.
pub fn receive(quarter: &Quarter, letters: &[Value]) -> Result<(), String> {
    quarter.clock.set(at(quarter.later(LETTERS, 1), 15, 0));
    let stage = Stage::start("签收与复函", letters.len() as u64);
    let placed: Vec<(usize, &Value)> = letters.iter().enumerate().collect();
    quarter.in_parallel(&placed, |(place, letter)| {
        if place % UNSEEN < UNSEEN - 1 {
            let clerk = clerk_of(quarter, letter)?;
            clerk.post(&format!("/letters/{}/acknowledge", text(letter, "id")), &json!({}))?;
            if place % QUICK == 0 {
                answer(quarter, &clerk, letter)?;
            }
        }
        stage.advance(1);
        Ok(())
    })?;
    stage.finish();
    Ok(())
}

fn clerk_of(quarter: &Quarter, letter: &Value) -> Result<Session, String> {
    let registrar = quarter.session_of(Role::Registrar, None, 0)?;
    let street = registrar.get(&format!("/areas/{}", text(letter, "street_id")))?;
    quarter.session_of(Role::Street, Some(&text(&street, "code")), 0)
}

/// A reply says of every open line how far it is; nothing is closed by it.
fn answer(quarter: &Quarter, clerk: &Session, letter: &Value) -> Result<(), String> {
    let known = clerk.all(&format!("/findings?street_id={}", text(letter, "street_id")))?;
    let line = |number: &Value| {
        let finding = known.iter().find(|f| f["number"] == *number)?;
        let measures = match text(finding, "state").as_str() {
            "closed" | "withdrawn" | "terminated" => return None,
            "rectified" | "checked" => "已整改并在系统内申报，等待复查销号",
            _ => "已约见运营单位，落实专人限期整改，完成后在系统内申报",
        };
        Some(json!({"finding": number, "answer": "in_progress", "measures": measures}))
    };
    let lines: Vec<Value> = letter["findings"].as_array().into_iter().flatten().filter_map(line).collect();
    let path = format!("/letters/{}/replies", text(letter, "id"));
    let draft = clerk.post(&path, &json!({ "lines": lines }))?;
    let said = json!({
        "document_number": "演示街函〔2026〕1号",
        "replied_on": quarter.later(LETTERS, 1),
    });
    clerk.post(&format!("{path}/{}/send", text(&draft, "id")), &said).map(drop)
}
