//! The other kinds of letters: what of a delivered letter is still open, what concerns one operator, an operator called in,
//! and letters that put right or take back another. They are written with the same sections, counts and checks.

use super::super::edits::Section;
use super::super::facts::Facts;
use super::super::kind::{About, LetterKind, Terms};
use super::super::letter::{Annex, IssueRow, Paragraph, printed_date};
use super::body::{Body, carried_over, left_out, problems, repeated, requirements};
use super::marks::clean;
use super::tally::Tally;
use super::{Annexes, ComposeFault};

fn incomplete(facts: &Facts) -> ComposeFault {
    ComposeFault::Incomplete { kind: facts.kind }
}

fn about(facts: &Facts) -> Result<&About, ComposeFault> {
    facts.about.as_ref().ok_or_else(|| incomplete(facts))
}

fn operator(facts: &Facts) -> Result<&str, ComposeFault> {
    facts.operator.as_deref().ok_or_else(|| incomplete(facts))
}

/// What the title says: 事由 and 文种.
pub(super) fn matter(facts: &Facts) -> Result<String, ComposeFault> {
    Ok(match facts.kind {
        LetterKind::CampaignReminder | LetterKind::OperatorReminder => {
            format!("关于{}存在问题的提醒函", facts.campaign_name)
        }
        LetterKind::SecondReminder => format!("关于{}问题整改的再次提醒函", facts.campaign_name),
        LetterKind::TalkNotice => format!("关于约谈{}的通知", operator(facts)?),
        LetterKind::Correction => format!("关于更正{}有关内容的函", about(facts)?.number),
        LetterKind::Withdrawal => format!("关于撤回{}的函", about(facts)?.number),
    })
}

/// All paragraphs.
pub(super) fn write(facts: &Facts, annexes: &Annexes) -> Result<Vec<Paragraph>, ComposeFault> {
    let mut body = Body::new(&facts.blocks);
    match facts.kind {
        LetterKind::CampaignReminder | LetterKind::OperatorReminder => to_operator(&mut body, facts, annexes),
        LetterKind::SecondReminder => again(&mut body, facts, annexes)?,
        LetterKind::TalkNotice => talk(&mut body, facts, annexes)?,
        LetterKind::Correction => correction(&mut body, facts)?,
        LetterKind::Withdrawal => withdrawal(&mut body, facts)?,
    }
    body.done()
}

/// How another letter is named: 《title》（number）.
fn named(about: &About) -> String {
    format!("{}印发的《{}》（{}）", printed_date(about.date), clean(&about.title), clean(&about.number))
}

/// How much of an annex is open. What was found now and what was left from before each has a sentence of its own.
fn open_of(annex: &Annex<IssueRow>) -> String {
    let tally = Tally(&annex.rows);
    let late = match tally.overdue() {
        0 => String::new(),
        overdue => format!("，其中已逾期{overdue}个"),
    };
    format!(
        "尚未销号的问题{}个，涉及设施{}个{late}，详见{}。",
        tally.open(),
        tally.open_facilities(),
        annex.label
    )
}

fn to_operator(body: &mut Body<'_>, facts: &Facts, annexes: &Annexes) {
    let (campaign, as_of) = (clean(&facts.campaign_name), printed_date(facts.as_of));
    body.plain(format!(
        "根据{campaign}工作安排，我局对你单位在{}辖内运营的设施开展检查。现将有关情况（截至{as_of}）函告如下：",
        clean(&facts.street_name)
    ));
    body.ends(Section::Opening);
    if let Some(annex) = &annexes.issues {
        let tally = Tally(&annex.rows);
        body.section("存在的主要问题");
        body.plain(format!(
            "检查发现问题{}个，涉及设施{}个；{}{}",
            tally.count(),
            tally.facilities(),
            open_of(annex),
            left_out(facts)
        ));
        problems(body, annex);
        repeated(body, annex, facts.relapse_months);
        body.ends(Section::Problems);
    }
    if let Some(annex) = &annexes.carried_over {
        body.section("前期未销号问题");
        body.plain(carried_over(annex));
        body.ends(Section::CarriedOver);
    }
    body.section("工作要求");
    requirements(body, facts, annexes);
    body.ends(Section::Requirements);
    body.plain("专此函达，请予函复。".into());
}

fn again(body: &mut Body<'_>, facts: &Facts, annexes: &Annexes) -> Result<(), ComposeFault> {
    let as_of = printed_date(facts.as_of);
    body.plain(format!(
        "我局{}函告了你街道辖内设施存在的问题。截至{as_of}，仍有问题尚未完成整改，现再次提醒如下：",
        named(about(facts)?)
    ));
    body.ends(Section::Opening);
    body.section("未完成整改的问题");
    if let Some(annex) = &annexes.issues {
        body.plain(format!("本次检查发现、{}{}", open_of(annex), left_out(facts)));
        problems(body, annex);
    }
    body.ends(Section::Problems);
    if let Some(annex) = &annexes.carried_over {
        body.plain(carried_over(annex));
        body.ends(Section::CarriedOver);
    }
    body.section("工作要求");
    requirements(body, facts, annexes);
    body.ends(Section::Requirements);
    body.plain("专此函达，请予函复。".into());
    Ok(())
}

fn talk(body: &mut Body<'_>, facts: &Facts, annexes: &Annexes) -> Result<(), ComposeFault> {
    let Some(Terms::Talk { on, time, place, persons }) = &facts.terms else {
        return Err(incomplete(facts));
    };
    let annexes: Vec<&Annex<IssueRow>> = annexes.issues.iter().chain(&annexes.carried_over).collect();
    let labels: Vec<&str> = annexes.iter().map(|annex| annex.label.as_str()).collect();
    body.plain(format!(
        "你单位在{}辖内运营的设施经{}发现的问题尚未完成整改（详见{}）。为推动问题整改，我局决定约谈你单位，现将有关事项通知如下：",
        clean(&facts.street_name),
        clean(&facts.campaign_name),
        labels.join("、")
    ));
    body.ends(Section::Opening);
    for (title, text) in [
        ("约谈时间", format!("{} {}", printed_date(*on), clean(time))),
        ("约谈地点", clean(place)),
        ("约谈对象", format!("你单位{}", clean(persons))),
        ("约谈内容", format!("{}所列问题的整改情况、未完成的原因和下一步措施", labels.join("、"))),
        ("有关要求", "请准时参加，并携带整改情况的书面材料".into()),
    ] {
        body.section(title);
        body.plain(format!("{text}。"));
    }
    body.ends(Section::Requirements);
    body.plain("特此通知。".into());
    Ok(())
}

fn correction(body: &mut Body<'_>, facts: &Facts) -> Result<(), ComposeFault> {
    let Some(Terms::Corrections { items }) = &facts.terms else {
        return Err(incomplete(facts));
    };
    body.plain(format!("我局{}部分内容有误，现更正如下：", named(about(facts)?)));
    for (place, item) in (1..).zip(items) {
        body.plain(format!("{place}. “{}”更正为“{}”。", clean(&item.said), clean(&item.correct)));
    }
    body.ends(Section::Opening);
    body.plain("其他内容不变。".into());
    body.plain("特此函告。".into());
    Ok(())
}

fn withdrawal(body: &mut Body<'_>, facts: &Facts) -> Result<(), ComposeFault> {
    let Some(Terms::Withdrawal { reason }) = &facts.terms else {
        return Err(incomplete(facts));
    };
    let reason = clean(reason);
    let reason = reason.trim_end_matches(['。', '，', '；']);
    body.plain(format!("我局{}现予撤回，请不再执行。撤回原因：{reason}。", named(about(facts)?)));
    body.ends(Section::Opening);
    body.plain("特此函告。".into());
    Ok(())
}
