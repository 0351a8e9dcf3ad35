use super::*;
use crate::ids::TypedId as _;
use uuid::Uuid;

const TODAY: &str = "2026-10-20";

fn today() -> NaiveDate {
    TODAY.parse().unwrap()
}

fn at(day: u32) -> DateTime<Utc> {
    format!("2026-10-{day:02}T02:00:00Z").parse().unwrap()
}

fn finding(n: u128, state: State) -> Finding {
    Finding {
        id: FindingId::from_uuid(Uuid::from_u128(n)),
        number: format!("N-{n}"),
        state,
        due_on: "2026-10-10".parse().ok(),
        own: true,
        ended_at: None,
        answer: None,
    }
}

fn letter(n: u128, issued: u32, lines: &[u128]) -> Letter {
    Letter {
        id: LetterId::from_uuid(Uuid::from_u128(n)),
        issued_at: at(issued),
        corrects: None,
        asks: true,
        reply_due: today(),
        acknowledged: true,
        replied: None,
        lines: lines.iter().map(|n| FindingId::from_uuid(Uuid::from_u128(*n))).collect(),
    }
}

fn street(letters: Vec<Letter>, findings: Vec<Finding>) -> Street {
    Street { letters, findings, to_operators: 0 }
}

fn kinds(street: &Street) -> Vec<(String, BoardDifferenceKind)> {
    street.differences().into_iter().map(|d| (d.finding, d.kind)).collect()
}

fn closed(street: &Street) -> bool {
    BoardFigures::of(street, street.differences().len(), today()).closed_loop()
}

#[test]
fn lines_are_counted_once_and_the_carried_over_apart() {
    let carried = Finding { own: false, ..finding(5, State::Served) };
    let findings = vec![
        finding(1, State::Closed),
        finding(2, State::Served),
        finding(3, State::Terminated),
        finding(4, State::Disputed),
        carried,
    ];
    let letters = vec![letter(1, 2, &[1, 2, 3, 5]), letter(2, 9, &[2, 4])];
    let street = street(letters, findings);
    let figures = BoardFigures::of(&street, 0, today());
    let own = BoardLineCounts { printed: 4, closed: 1, of: 3, ended: 1, open: 2, overdue: 1 };
    assert_eq!(figures.own, own, "what is disputed is open and not late");
    assert_eq!(
        figures.carried_over,
        BoardLineCounts { printed: 1, of: 1, open: 1, overdue: 1, ..Default::default() }
    );
    let mut district = figures;
    district.add(figures);
    assert_eq!((district.own.printed, district.carried_over.open, district.letters.sent), (8, 2, 4));
}

#[test]
fn letters_by_how_they_were_answered() {
    let replied = |day: u32| Letter { replied: Some(at(day).date_naive()), ..letter(1, 2, &[]) };
    let due = |day: u32, l: Letter| Letter { reply_due: at(day).date_naive(), ..l };
    let letters = vec![
        due(10, replied(10)),
        due(10, replied(11)),
        due(19, letter(3, 2, &[])),
        Letter { acknowledged: false, ..due(20, letter(4, 2, &[])) },
    ];
    let expected =
        BoardLetterCounts { sent: 4, acknowledged: 3, replied: 2, replied_late: 1, reply_overdue: 1 };
    assert_eq!(BoardLetterCounts::of(&letters, today()), expected);
}

#[test]
fn nothing_is_closed_that_was_not_sent() {
    assert!(!closed(&Street::default()));
    let street = street(vec![letter(1, 2, &[1])], vec![finding(1, State::Closed)]);
    assert!(closed(&street));
}

#[test]
fn each_difference_keeps_the_loop_open() {
    use BoardDifferenceKind::{ClaimNotStanding, ClaimPending, EndedAfterPrint, NotInLetter, Unconfirmed};
    let answered = |state| Finding { answer: Some(ReplyAnswer::Rectified), ..finding(2, state) };
    let ended = Finding { ended_at: Some(at(5)), ..finding(2, State::Withdrawn) };
    for (lines, second, expected) in [
        (&[1, 2][..], answered(State::Closed), None),
        (&[1], finding(2, State::Closed), Some(NotInLetter)),
        (&[1], finding(2, State::Open), Some(Unconfirmed)),
        (&[1], finding(2, State::Withdrawn), None),
        (&[1, 2], ended.clone(), Some(EndedAfterPrint)),
        (&[1, 2], answered(State::Returned), Some(ClaimNotStanding)),
        (&[1, 2], answered(State::Checked), Some(ClaimPending)),
    ] {
        let told = format!("{second:?}");
        let findings = vec![finding(1, State::Closed), second];
        let street = street(vec![letter(1, 2, lines)], findings);
        let expected: Vec<_> = expected.map(|kind| ("N-2".to_string(), kind)).into_iter().collect();
        assert_eq!(kinds(&street), expected, "{told}");
        assert_eq!(closed(&street), expected.is_empty(), "{told}");
    }
}

#[test]
fn a_later_letter_explains_what_ended() {
    let ended = Finding { ended_at: Some(at(5)), ..finding(1, State::Withdrawn) };
    let of = |letters| street(letters, vec![ended.clone()]);
    let first = letter(1, 2, &[1]);
    let correction = |issued| Letter { corrects: Some(first.id), ..letter(2, issued, &[]) };
    assert_eq!(kinds(&of(vec![first.clone()])).len(), 1);
    assert_eq!(kinds(&of(vec![first.clone(), correction(4)])).len(), 1, "issued before it ended");
    assert!(kinds(&of(vec![first.clone(), correction(6)])).is_empty());
    assert!(kinds(&of(vec![first.clone(), letter(2, 6, &[1])])).is_empty(), "printed again as ended");
    assert_eq!(kinds(&of(vec![first.clone(), letter(2, 6, &[])])).len(), 1, "about something else");
}

#[test]
fn letters_to_operators_stand_beside_the_loop() {
    let told = Street {
        letters: vec![letter(1, 2, &[1])],
        findings: vec![finding(1, State::Closed)],
        to_operators: 2,
    };
    let figures = BoardFigures::of(&told, 0, today());
    assert_eq!((figures.operator_letters, figures.letters.sent), (2, 1), "counted apart");
    assert!(closed(&told), "they break nothing");
    let untold = Street { letters: vec![], ..told };
    assert!(!closed(&untold), "and make nothing");
    let mut district = figures;
    district.add(figures);
    assert_eq!((district.operator_letters, district.letters.sent), (4, 2));
}

#[test]
fn the_lines_of_a_letter_are_counted_by_who_found_them() {
    let carried = Finding { own: false, ..finding(3, State::Terminated) };
    let lines = [finding(1, State::Closed), finding(2, State::Served), carried];
    let [own, carried_over] = line_counts(lines.iter(), today());
    assert_eq!(own, BoardLineCounts { printed: 2, closed: 1, of: 2, ended: 0, open: 1, overdue: 1 });
    assert_eq!(carried_over, BoardLineCounts { printed: 1, ended: 1, ..Default::default() });
}
