//! The texts of notices, from `assets/notices.toml`: `{fact}` is filled in, a `[part]` whose fact is missing falls away.
//! Values are put in once and never looked at again, so that a person's text cannot ask for another fact.

use super::news::{Event, News};
use crate::db::types::Coded as _;
use crate::fault::{Fault, Outcome};
use chrono::{Datelike as _, NaiveDate};
use figment::Figment;
use figment::providers::{Format as _, Toml};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const TEXTS: &str = include_str!("../../assets/notices.toml");

/// The texts of one event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    title: String,
    body: String,
    line: Option<String>,
}

static TEMPLATES: LazyLock<Result<BTreeMap<String, Template>, String>> =
    LazyLock::new(|| Figment::from(Toml::string(TEXTS)).extract().map_err(|e| e.to_string()));

/// A title and a text that are ready to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    pub title: String,
    pub body: String,
}

fn template(event: Event) -> Outcome<&'static Template> {
    let templates = TEMPLATES.as_ref().map_err(Fault::internal)?;
    templates.get(event.code()).ok_or_else(|| Fault::internal(format!("no text for {}", event.code())))
}

/// The text of a piece of news.
pub(super) fn text(news: &News) -> Outcome<Text> {
    let (template, data) = (template(news.event())?, news.data());
    Ok(Text { title: one_line(&fill(&template.title, &data)?), body: fill(&template.body, &data)? })
}

/// How a piece of news stands in a digest.
pub(super) fn line(event: Event, data: &Value) -> Outcome<String> {
    let template = template(event)?;
    let line = template.line.as_deref().ok_or_else(|| Fault::internal("this event goes into no digest"))?;
    Ok(one_line(&fill(line, data)?))
}

/// Titles become the subjects of mails, where a line break would begin another header.
fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

/// Fills a template.
fn fill(template: &str, data: &Value) -> Outcome<String> {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[']) {
        let (before, marked) = rest.split_at(at);
        out.push_str(before);
        let optional = marked.starts_with('[');
        let end = marked.find(if optional { ']' } else { '}' });
        let end = end.ok_or_else(|| Fault::internal(format!("unclosed in {template}")))?;
        let inner = &marked[1..end];
        if !optional {
            let value = shown(data, inner)?;
            out.push_str(&value.ok_or_else(|| Fault::internal(format!("{inner} is missing in {template}")))?);
        } else if all_there(inner, data)? {
            out.push_str(&fill(inner, data)?);
        }
        rest = &marked[end + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

fn all_there(part: &str, data: &Value) -> Outcome<bool> {
    for name in part.split('{').skip(1).filter_map(|p| p.split('}').next()) {
        if shown(data, name)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A fact as people write it; `None` where it is missing.
fn shown(data: &Value, name: &str) -> Outcome<Option<String>> {
    let pointer = format!("/{}", name.replace('.', "/"));
    match data.pointer(&pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(match text.parse::<NaiveDate>() {
            Ok(day) => format!("{}年{}月{}日", day.year(), day.month(), day.day()),
            Err(_) => text.clone(),
        })),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        _ => Err(Fault::internal(format!("no fact {name}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::news::{FindingFacts, Pace, samples};
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_event_has_its_text_and_every_text_its_event() {
        let texts: BTreeSet<&str> = TEMPLATES.as_ref().unwrap().keys().map(String::as_str).collect();
        let events: BTreeSet<&str> = Event::ALL.iter().map(|e| e.code()).collect();
        assert_eq!(texts, events);
        let sampled: BTreeSet<&str> = samples().iter().map(|news| news.event().code()).collect();
        assert_eq!(sampled, events);
    }

    #[test]
    fn every_placeholder_is_filled_by_the_events_own_facts() {
        for news in samples() {
            let said = text(&news).unwrap_or_else(|e| panic!("{:?}: {}", news.event(), e.for_log()));
            let daily = news.event().pace() == Pace::Daily;
            let line = if daily { line(news.event(), &news.data()).unwrap() } else { String::new() };
            assert_eq!(template(news.event()).unwrap().line.is_some(), daily, "{:?}", news.event());
            let all = format!("{}{}{line}", said.title, said.body);
            assert!(!all.contains(['{', '}', '[', ']']), "{all}");
            assert!(said.title.chars().count() < 80, "{}", said.title);
        }
    }

    #[test]
    fn nothing_is_ordered_and_nobody_who_complained_is_named() {
        assert!(!TEXTS.lines().filter(|l| !l.starts_with('#')).any(|l| {
            ["责令", "投诉人", "举报人", "complain"].iter().any(|word| l.contains(word))
        }));
    }

    #[test]
    fn missing_facts_take_their_part_with_them_and_values_are_not_looked_at_again() {
        let finding = |problem: &str, due_on| FindingFacts {
            number: "1".into(),
            facility: "甲".into(),
            problem: problem.into(),
            due_on,
        };
        let served = |f| text(&News::FindingServed { finding: f }).unwrap().body;
        assert!(served(finding("乙", NaiveDate::from_ymd_opt(2026, 9, 3))).contains("请于2026年9月3日前"));
        assert!(!served(finding("乙", None)).contains("请于"));
        assert!(served(finding("{finding.number}[甲]", None)).contains("{finding.number}[甲]"));
        let title = text(&News::FindingServed {
            finding: FindingFacts { facility: "甲\r\nBcc: x@y.z".into(), ..finding("乙", None) },
        });
        assert_eq!(title.unwrap().title, "问题送达：甲  Bcc: x@y.z");
    }
}
