//! The files of the package: each can be read, each is found, and the same letter gives the same.

use super::*;

#[test]
fn every_part_is_well_formed_and_every_reference_leads_somewhere() {
    let package = Package::of(&issued(9, 2));
    for name in package.0.keys().filter(|name| !name.ends_with(".png")) {
        package.xml(name);
    }
    let mut photos = 0;
    for name in package.0.keys().filter(|name| name.ends_with(".rels")) {
        let base = if name.starts_with("_rels") { "" } else { "word/" };
        for relation in package.xml(name).descendants().filter(|node| node.has_tag_name("Relationship")) {
            let target = relation.attribute("Target").unwrap();
            photos += usize::from(target.ends_with(".png"));
            assert!(package.0.contains_key(&format!("{base}{target}")), "{name} leads to {target}");
        }
    }
    assert_eq!(photos, 11);
    let signature = [0x89, b'P', b'N', b'G'];
    assert!(package.0.iter().all(|(n, bytes)| !n.ends_with(".png") || bytes.starts_with(&signature)));
}

#[test]
fn the_same_letter_gives_the_same_bytes() {
    let letter = issued(9, 2);
    let once = docx(&letter, &photos(&letter)).unwrap();
    docx(&issued(3, 1), &photos(&issued(3, 1))).unwrap();
    // A paragraph that never became a document: the library counts it all the same.
    drop(Paragraph::new());
    assert!(docx(&letter, &photos(&letter)).unwrap() == once, "after another document");
    let (copy, pictures) = (letter.clone(), photos(&letter));
    let elsewhere = std::thread::spawn(move || docx(&copy, &pictures).unwrap()).join().unwrap();
    assert!(elsewhere == once, "on another thread");
    assert!(docx(&issued(9, 1), &photos(&letter)).unwrap() != once);
}

#[test]
fn properties_say_what_it_is_and_know_no_clock() {
    let package = Package::of(&issued(2, 0));
    let core = package.xml("docProps/core.xml");
    let of = |name: &str| core.descendants().find(|n| n.tag_name().name() == name).unwrap().text().unwrap();
    assert_eq!(of("title"), "示例区民政局关于2026年第三季度居家社区养老服务设施质量检查情况的提醒函");
    assert_eq!((of("creator"), of("keywords")), ("示例区民政局", "演示函〔2026〕12号"));
    assert_eq!((of("created"), of("modified")), ("2026-10-08T00:00:00Z", "2026-10-08T00:00:00Z"));
    assert!(of("description").contains("以签发的PDF文件为准"));
}
