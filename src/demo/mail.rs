//! The letters at the quarter's end: drafted and submitted by the drafter, approved by the reviewer, issued by the leader
//! as one batch, rendered by jobs, sealed and delivered by the registrar.

use super::answers;
use super::client::Session;
use super::play::{LETTERS, Quarter, at, day, text};
use super::progress::Stage;
use crate::access::Role;
use chrono::NaiveDate;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// Patience with the renderer.
const PATIENCE: Duration = Duration::from_secs(120);
/// Day by which the streets reply.
pub const REPLY_DUE: NaiveDate = day(2026, 11, 6);

/// Takes the letters of a campaign from the draft to the document; returns them in the order of their numbers.
///
/// # Errors
/// What the server answered.
pub fn send(quarter: &Quarter, campaign: &str) -> Result<Vec<Value>, String> {
    let drafter = quarter.session_of(Role::Drafter, None, 0)?;
    let reviewer = quarter.session_of(Role::Reviewer, None, 1)?;
    let issuer = quarter.session_of(Role::Issuer, None, 0)?;
    quarter.clock.set(at(LETTERS, 17, 30));
    let drafted =
        drafter.post("/letters/batch", &json!({"campaign_id": campaign, "reply_due": REPLY_DUE}))?;
    let letters = drafted["letters"].as_array().cloned().unwrap_or_default();
    let stage = Stage::start("提醒函送审与审核", letters.len() as u64 * 2);
    let step = |session: &Session, what: &str| {
        quarter.in_parallel(&letters, |letter| {
            session.post(&format!("/letters/{}/{what}", text(letter, "id")), &Value::Null)?;
            stage.advance(1);
            Ok(())
        })
    };
    quarter.in_parallel(&letters, |letter| looked_at(&drafter, &text(letter, "id")))?;
    step(&drafter, "submit")?;
    step(&reviewer, "approve")?;
    stage.finish();
    quarter.clock.set(at(quarter.later(LETTERS, 1), 10, 0));
    // Drafted street by street, so that the numbers follow the streets' codes.
    let ids: Vec<&Value> = letters.iter().map(|l| &l["id"]).collect();
    issuer.post("/letters/batch/issue", &json!({ "letter_ids": ids }))?;
    let letters = rendered(&drafter, campaign, letters.len())?;
    dispatch(quarter, &letters)?;
    answers::receive(quarter, &letters)?;
    Ok(letters)
}

/// The registrar seals and delivers. Nothing is sealed here: what stands for the scan is the
/// document itself with a remark that says so.
fn dispatch(quarter: &Quarter, letters: &[Value]) -> Result<(), String> {
    let registrar = quarter.session_of(Role::Registrar, None, 0)?;
    let stage = Stage::start("用印与送达", letters.len() as u64);
    quarter.in_parallel(letters, |letter| {
        let id = text(letter, "id");
        let mut scan = registrar.download(&format!("/letters/{id}/document.pdf"))?;
        scan.extend_from_slice("\n% 演示用印扫描件：没有印章\n%%EOF\n".as_bytes());
        let day = quarter.later(LETTERS, 1);
        registrar.put_pdf(&format!("/letters/{id}/sealed-scan?sealed_on={day}&form_checked=true"), &scan)?;
        stage.advance(1);
        Ok(())
    })?;
    let ids: Vec<&Value> = letters.iter().map(|l| &l["id"]).collect();
    registrar.post("/letters/batch/deliver", &json!({ "letter_ids": ids, "channel": "inbox" }))?;
    stage.finish();
    Ok(())
}

/// The clerk looks at every photo that the letter would print. The demo draws rooms, never people.
fn looked_at(clerk: &Session, letter: &str) -> Result<(), String> {
    let listed = clerk.get(&format!("/letters/{letter}/photos"))?;
    let seen = |photo: &Value| json!({"photo_id": photo["photo_id"], "shows_face": false});
    let checks: Vec<Value> = listed["photos"].as_array().into_iter().flatten().map(seen).collect();
    if checks.is_empty() {
        return Ok(());
    }
    clerk.post(&format!("/letters/{letter}/face-checks"), &json!({ "checks": checks })).map(drop)
}

/// Waits until every letter has its document.
fn rendered(drafter: &Session, campaign: &str, count: usize) -> Result<Vec<Value>, String> {
    let stage = Stage::start("提醒函成文", count as u64);
    let started = Instant::now();
    let mut shown = 0;
    loop {
        let mut letters = drafter.all(&format!("/letters?campaign_id={campaign}"))?;
        let ready = letters.iter().filter(|l| l["state"] == "document_ready").count();
        stage.advance(ready.saturating_sub(shown) as u64);
        shown = ready;
        if ready == count {
            stage.finish();
            letters.sort_by_key(number);
            return Ok(letters);
        }
        if started.elapsed() > PATIENCE {
            return Err(format!("等待提醒函成文超时：{ready}/{count}"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The serial number in 演示函〔2026〕7号.
fn number(letter: &Value) -> u32 {
    let printed = text(letter, "number");
    let serial = printed.rsplit('〕').next().unwrap_or("").trim_end_matches('号');
    serial.parse().unwrap_or(u32::MAX)
}

/// Saves the documents, named by number and street.
///
/// # Errors
/// What the server answered, or the folder.
pub fn save(quarter: &Quarter, letters: &[Value], folder: &Path) -> Result<(), String> {
    let reader = quarter.session_of(Role::Registrar, None, 0)?;
    std::fs::create_dir_all(folder).map_err(|e| format!("{}：{e}", folder.display()))?;
    for letter in letters {
        let pdf = reader.download(&format!("/letters/{}/document.pdf", text(letter, "id")))?;
        let street = reader.get(&format!("/areas/{}", text(letter, "street_id")))?;
        let name = format!("{:02}-{}.pdf", number(letter), text(&street, "name"));
        std::fs::write(folder.join(&name), pdf).map_err(|e| format!("{name}：{e}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_sorted_by_their_number_and_not_by_its_text() {
        let printed = |text: &str| number(&json!({ "number": text }));
        assert_eq!(printed("演示函〔2026〕7号"), 7);
        assert_eq!(printed("演示函〔2026〕18号"), 18);
        assert_eq!(printed(""), u32::MAX);
    }
}
