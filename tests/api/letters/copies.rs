//! The editable copy.

use super::super::app::TestApp;
use super::super::build;
use super::super::client::Reply;
use super::super::people::{Caller, Place};
use super::super::suite::{Suite, both};
use super::{advance, document, drafted, inspected, snapshot, stations};
use yixun::access::Role;
use yixun::directory::FacilityKind::Station;

pub fn register(suite: &mut Suite) {
    both!(suite:
        an_editable_copy_for_insiders_in_every_state,
    );
}

fn copy(app: &TestApp, by: Caller, letter: &str) -> Reply {
    app.as_(by).get(&format!("/letters/{letter}/document.docx"))
}

/// The paragraphs of a Word document, and how many pictures it has.
fn paragraphs(bytes: &[u8]) -> (Vec<String>, usize) {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a package");
    let pictures = zip.file_names().flatten().filter(|name| name.starts_with("word/media/p")).count();
    let part =
        std::io::read_to_string(zip.by_name("word/document.xml").expect("a document")).expect("a text");
    let document = roxmltree::Document::parse(&part).expect("XML");
    let all = |node: roxmltree::Node<'_, '_>, name: &str| -> Vec<String> {
        let texts = node.descendants().filter(|n| n.tag_name().name() == name);
        texts.map(|n| n.text().unwrap_or_default().to_string()).collect()
    };
    let each = document.descendants().filter(|n| n.tag_name().name() == "p");
    (each.map(|p| all(p, "t").concat()).filter(|said| !said.is_empty()).collect(), pictures)
}

fn an_editable_copy_for_insiders_in_every_state(app: &TestApp) {
    let campaign = stations(app);
    inspected(app, Place::Own, Station, &campaign, &["YK-02"]);
    let letters = drafted(app, &campaign);
    let letter = &letters[0];
    let said = |what: &str| {
        let reply = copy(app, Caller::Registrar, letter);
        assert_eq!(reply.status, 200, "{what}: {}", reply.told());
        assert!(copy(app, Caller::Drafter, letter).bytes == reply.bytes, "{what}: the same for everybody");
        paragraphs(&reply.bytes)
    };
    let unissued = "演示函〔2026〕\u{3000}号".to_string();
    let of_draft = said("draft").0;
    assert_eq!(of_draft[0], unissued);
    inspected(app, Place::Own, Station, &campaign, &["YK-06"]);
    assert_ne!(said("the ledger moved").0, of_draft, "a draft is as the ledger is now");
    advance(app, letter, &["submit"]);
    let frozen = said("in review").0;
    advance(app, letter, &["approve", "issue"]);
    let issued = said("issued").0;
    assert_eq!(issued[0], "演示函〔2026〕1号");
    let differ: Vec<&str> = frozen
        .iter()
        .zip(&issued)
        .filter(|(before, after)| before != after)
        .map(|(b, _)| b.as_str())
        .collect();
    assert_eq!(differ, [unissued.as_str(), "2026年\u{3000}月\u{3000}日"], "number and day alone");
    app.drain();
    assert_eq!(said("with its document").0, issued);
    for row in snapshot(app, letter).issues.expect("an annex").rows {
        assert!(issued.contains(&row.number) && issued.contains(&row.facility), "{row:?}");
    }
    // The street has the record and not the copy, also where it is both.
    build::seal(app, Caller::Registrar, letter).ok();
    build::deliver(app, Caller::Registrar, &[letter]).ok();
    document(app, Caller::Street, letter).ok();
    copy(app, Caller::Street, letter).expect(403, "permission_denied");
    copy(app, Caller::At(Role::Drafter, Place::Elsewhere), letter).expect(404, "not_found");
    copy(app, Caller::Inspector, letter).expect(403, "permission_denied");
    copy(app, Caller::Drafter, &build::uuid().to_string()).expect(404, "not_found");
}
