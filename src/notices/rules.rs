//! What the outbox and the digest decide by: PURE.

use super::news::Event;
use super::settings::MailSettings;
use super::store::DigestLineRow;
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

/// The pauses between the attempts of a message, in seconds, as the Standard Webhooks specification recommends them:
/// together ten attempts in a little more than three days.
const PAUSES: [i64; 9] = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400];

/// How long after so many attempts a message is tried again; `None` when it is given up. `jitter` within 0..1 lengthens
/// the pause by at most a fifth, so that what failed together does not come back together.
pub fn pause_after(attempts: i32, jitter: f64) -> Option<TimeDelta> {
    let seconds = usize::try_from(attempts - 1).ok().and_then(|n| PAUSES.get(n))?;
    let more = (*seconds as f64 * 0.2 * jitter.clamp(0.0, 1.0)) as i64;
    Some(TimeDelta::seconds(seconds + more))
}

/// Whether a file may go to an address: what an installation lets out goes to the domains that it names, and nowhere else.
pub fn may_attach(mail: &MailSettings, address: &str) -> bool {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    mail.letters && domain.is_some_and(|domain| mail.domains.contains(&domain))
}

/// The order of a digest's parts.
pub const PARTS: [Event; 6] = [
    Event::FindingOverdue,
    Event::LetterReplyOverdue,
    Event::FindingReturned,
    Event::FindingNearDue,
    Event::FindingClaimed,
    Event::FindingServed,
];

/// What of the collected lines is still worth telling, part by part: of several about one thing the last, and nothing of
/// a near due day that has passed.
pub fn parts(lines: &[DigestLineRow]) -> Vec<(Event, Vec<&DigestLineRow>)> {
    let of = |event: Event| lines.iter().filter(move |line| line.event == event);
    let overdue: BTreeSet<_> = of(Event::FindingOverdue).map(|line| line.subject_id.0).collect();
    let part = |event: Event| {
        let passed =
            |line: &&DigestLineRow| event == Event::FindingNearDue && overdue.contains(&line.subject_id.0);
        let last: BTreeMap<_, _> =
            of(event).filter(|line| !passed(line)).map(|line| (line.subject_id.0, line)).collect();
        let mut lines: Vec<&DigestLineRow> = last.into_values().collect();
        lines.sort_by_key(|line| line.id);
        (event, lines)
    };
    PARTS.into_iter().map(part).filter(|(_, lines)| !lines.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::news::Pace;
    use super::super::settings::Security;
    use super::*;
    use crate::db::types::{Coded as _, Uid};
    use crate::ids::{AreaId, DigestLineId, TypedId as _, new_uuid};
    use chrono::DateTime;

    fn line(second: i64, event: Event, subject: u128) -> DigestLineRow {
        let at = DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap();
        DigestLineRow {
            id: DigestLineId::from_uuid(new_uuid(at)),
            street_id: AreaId::from_uuid(uuid::Uuid::from_u128(1)),
            event,
            subject_kind: "finding".into(),
            subject_id: Uid(uuid::Uuid::from_u128(subject)),
            facility_id: None,
            data: "{}".into(),
            dedupe: None,
            created_at: at.into(),
            digest_on: None,
        }
    }

    #[test]
    fn ten_attempts_with_growing_pauses() {
        let pauses: Vec<i64> = (1..20).map_while(|n| pause_after(n, 0.0)).map(|p| p.num_seconds()).collect();
        assert_eq!(pauses, PAUSES);
        assert!(pauses.windows(2).all(|w| w[0] < w[1]));
        let days = pauses.iter().sum::<i64>() as f64 / 86400.0;
        assert!((3.0..4.0).contains(&days), "{days}");
        assert_eq!(pause_after(2, 1.0), Some(TimeDelta::seconds(360)));
        assert_eq!(pause_after(0, 0.0), None);
    }

    #[test]
    fn a_digest_tells_of_a_thing_once_a_part_and_of_what_still_matters() {
        use Event::{FindingNearDue, FindingOverdue, FindingServed};
        let lines = [
            line(1, FindingServed, 7),
            line(2, FindingNearDue, 7),
            line(3, FindingNearDue, 8),
            line(4, FindingNearDue, 8),
            line(5, FindingOverdue, 7),
        ];
        let told: Vec<(Event, Vec<DigestLineId>)> =
            parts(&lines).into_iter().map(|(e, l)| (e, l.iter().map(|l| l.id).collect())).collect();
        assert_eq!(
            told,
            [
                (FindingOverdue, vec![lines[4].id]),
                (FindingNearDue, vec![lines[3].id]),
                (FindingServed, vec![lines[0].id]),
            ]
        );
        assert!(parts(&[]).is_empty());
    }

    #[test]
    fn every_daily_event_has_its_part() {
        let daily: BTreeSet<Event> = Event::ALL.iter().copied().filter(|e| e.pace() == Pace::Daily).collect();
        assert_eq!(daily, PARTS.into_iter().collect());
    }

    #[test]
    fn files_go_to_the_named_domains_and_nowhere_else() {
        let mail = |letters, domains: &[&str]| MailSettings {
            host: "mail.example.cn".into(),
            port: 465,
            security: Security::Tls,
            from: "yixun@example.cn".into(),
            credentials: None,
            domains: domains.iter().map(ToString::to_string).collect(),
            letters,
        };
        let on = mail(true, &["haizhu.example.cn"]);
        assert!(may_attach(&on, "a@haizhu.example.cn") && may_attach(&on, "a@HAIZHU.example.cn"));
        for address in ["a@example.cn", "a@haizhu.example.cn.evil.cn", "haizhu.example.cn", ""] {
            assert!(!may_attach(&on, address), "{address}");
        }
        assert!(!may_attach(&mail(true, &[]), "a@haizhu.example.cn"));
        assert!(!may_attach(&mail(false, &["haizhu.example.cn"]), "a@haizhu.example.cn"));
    }
}
