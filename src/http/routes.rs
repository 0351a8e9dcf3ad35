//! The whole URL table. A line names the method, the path, the operation's id, what it does (Chinese, for the
//! specification) and the handler; permission, parameters, bodies and answers come from the handler's signature.

use super::operation::{Operation, OperationSpec};
use super::{
    access, annex, audit, batch, calendar, campaigns, checklists, compliance, delegations, directory,
    dispatch, escalation, findings, fire, groups, handover, inspections, ledger, letters, loop_steps,
    meetings, notices, opinions, origins, photos, projects, quarantine, replies, settings, sync, task_sheet,
    today, tus, uploads, webhooks,
};
use actix_web::http::Method;
use actix_web::{Route, web};
use serde_json::{Value, json};

/// A route with its specification.
pub struct Entry {
    /// The method.
    pub method: Method,
    /// The path template.
    pub path: String,
    /// The specification under construction.
    pub spec: OperationSpec,
    route: Route,
}

/// All routes.
#[derive(Default)]
pub struct Routes {
    /// In the order of the table.
    pub routes: Vec<Entry>,
    tag: &'static str,
}

impl Routes {
    fn section(&mut self, tag: &'static str) -> &mut Self {
        self.tag = tag;
        self
    }

    fn add<H, Args>(&mut self, method: Method, path: &str, id: &str, summary: &str, handler: H) -> &mut Self
    where
        H: Operation<Args>,
    {
        let path = format!("/api/v1{path}");
        let mut spec = OperationSpec::new(&path);
        spec.body.insert("operationId".into(), Value::from(id));
        spec.body.insert("summary".into(), Value::from(summary));
        spec.body.insert("tags".into(), json!([self.tag]));
        H::describe(&mut spec);
        if !method.is_safe() {
            spec.problems(&[("409", "当前状态不允许，或与已有内容冲突")]);
        }
        let run = move |request, payload: web::Payload| handler.clone().run(request, payload.into_inner());
        let route = web::method(method.clone()).to(run);
        self.routes.push(Entry { method, path, spec, route });
        self
    }

    fn get<H, Args>(&mut self, path: &str, id: &str, summary: &str, handler: H) -> &mut Self
    where
        H: Operation<Args>,
    {
        self.add(Method::GET, path, id, summary, handler)
    }

    fn post<H, Args>(&mut self, path: &str, id: &str, summary: &str, handler: H) -> &mut Self
    where
        H: Operation<Args>,
    {
        self.add(Method::POST, path, id, summary, handler)
    }

    fn put<H, Args>(&mut self, path: &str, id: &str, summary: &str, handler: H) -> &mut Self
    where
        H: Operation<Args>,
    {
        self.add(Method::PUT, path, id, summary, handler)
    }

    fn patch<H, Args>(&mut self, path: &str, id: &str, summary: &str, handler: H) -> &mut Self
    where
        H: Operation<Args>,
    {
        self.add(Method::PATCH, path, id, summary, handler)
    }

    fn delete<H, Args>(&mut self, path: &str, id: &str, summary: &str, handler: H) -> &mut Self
    where
        H: Operation<Args>,
    {
        self.add(Method::DELETE, path, id, summary, handler)
    }

    fn head<H, Args>(&mut self, path: &str, id: &str, summary: &str, handler: H) -> &mut Self
    where
        H: Operation<Args>,
    {
        self.add(Method::HEAD, path, id, summary, handler)
    }

    fn options<H, Args>(&mut self, path: &str, id: &str, summary: &str, handler: H) -> &mut Self
    where
        H: Operation<Args>,
    {
        self.add(Method::OPTIONS, path, id, summary, handler)
    }

    /// Attaches all routes to a server. Methods of one path share a resource, so that a wrong one answers 405.
    pub fn register(self, config: &mut web::ServiceConfig) {
        let mut resources: Vec<(String, Vec<Route>)> = vec![];
        for entry in self.routes {
            match resources.iter_mut().find(|(path, _)| *path == entry.path) {
                Some((_, routes)) => routes.push(entry.route),
                None => resources.push((entry.path, vec![entry.route])),
            }
        }
        for (path, routes) in resources {
            let of_uploads = path.starts_with("/api/v1/uploads");
            let resource = routes.into_iter().fold(web::resource(path), actix_web::Resource::route);
            if of_uploads {
                config.service(resource.wrap(tus::headers()));
            } else {
                config.service(resource);
            }
        }
    }
}

/// The table.
pub fn table() -> Routes {
    let mut t = Routes::default();
    t.section("登录与账号")
        .post("/auth/login", "login", "登录", access::login)
        .post("/auth/refresh", "refresh", "用刷新凭证换取新凭证", access::refresh)
        .post("/auth/confirm", "confirm_identity", "重新输入密码确认身份（10 分钟内有效）", access::confirm)
        .post("/auth/logout", "logout", "退出登录", access::logout)
        .get("/me", "me", "我的账号、角色与范围", access::me)
        .post("/me/password", "change_password", "修改密码", access::change_password)
        .get("/users", "list_users", "账号列表", access::list_users)
        .post("/users", "create_user", "新建账号", access::create_user)
        .get("/users/{user_id}", "find_user", "查看账号", access::find_user)
        .patch("/users/{user_id}", "update_user", "修改、停用账号或重置密码", access::update_user)
        .post("/users/{user_id}/grants", "create_grant", "授予角色", access::create_grant)
        .delete("/users/{user_id}/grants/{grant_id}", "revoke_grant", "收回角色", access::revoke_grant)
        .get("/users/{user_id}/open-items", "list_open_items", "名下未了事项", handover::open_items)
        .get("/users/{user_id}/handovers", "list_handovers", "移交记录", handover::list)
        .post(
            "/users/{user_id}/handovers",
            "hand_over",
            "移交全部未了事项（可同时停用）",
            handover::hand_over,
        );
    t.section("代理")
        .get("/delegations", "list_delegations", "代理列表", delegations::list)
        .post("/delegations", "create_delegation", "登记代理（AB角）", delegations::create)
        .get("/delegations/{delegation_id}", "find_delegation", "查看代理", delegations::find)
        .post(
            "/delegations/{delegation_id}/revocations",
            "revoke_delegation",
            "提前结束代理",
            delegations::revoke,
        );
    t.section("名录")
        .get("/areas", "list_areas", "区划列表", directory::list_areas)
        .get("/areas/{area_id}", "find_area", "查看区划", directory::find_area)
        .get("/facilities", "list_facilities", "设施列表", directory::list_facilities)
        .post("/facilities", "create_facility", "新增设施", directory::create_facility)
        .get("/facilities/{facility_id}", "find_facility", "查看设施", directory::find_facility)
        .patch(
            "/facilities/{facility_id}",
            "update_facility",
            "变更设施（生成新版本）",
            directory::update_facility,
        )
        .get(
            "/facilities/{facility_id}/versions",
            "facility_versions",
            "设施历史版本",
            directory::facility_versions,
        );
    t.section("检查标准").get("/checklists", "list_checklists", "检查标准版本", checklists::list).get(
        "/checklists/{checklist_id}",
        "find_checklist",
        "检查标准条目",
        checklists::find,
    );
    t.section("工作日历")
        .get("/calendar", "find_calendar", "一年的放假与调休", calendar::find)
        .get("/calendar/reckon", "reckon_deadline", "推算整改期限", calendar::reckon)
        .get("/calendar/imports", "list_calendar_imports", "工作日历的各版本", calendar::versions)
        .post("/calendar/imports", "import_calendar", "导入工作日历（并重新推算暂定期限）", calendar::import)
        .get("/calendar/imports/{version}", "find_calendar_import", "查看某版本及其文件", calendar::version);
    t.section("检查行动")
        .get("/campaigns", "list_campaigns", "检查行动列表", campaigns::list)
        .post("/campaigns", "create_campaign", "新建检查行动", campaigns::create)
        .get("/campaigns/{campaign_id}", "find_campaign", "查看检查行动", campaigns::find)
        .get("/campaigns/{campaign_id}/targets", "list_targets", "检查对象", campaigns::targets)
        .post("/campaigns/{campaign_id}/targets", "add_targets", "加入检查对象", campaigns::add_targets)
        .get("/campaigns/{campaign_id}/progress", "campaign_progress", "检查进度", campaigns::progress)
        .post("/campaigns/{campaign_id}/closures", "close_campaign", "结束检查行动", campaigns::close);
    t.section("检查")
        .get("/inspections", "list_inspections", "检查记录列表", inspections::list)
        .post("/inspections/batch", "submit_inspections", "批量提交检查记录（逐条答复）", batch::submit)
        .put(
            "/inspections/{inspection_id}",
            "submit_inspection",
            "提交检查记录（可重复提交）",
            inspections::put,
        )
        .get("/inspections/{inspection_id}", "find_inspection", "查看检查记录", inspections::find)
        .post(
            "/inspections/{inspection_id}/amendments",
            "amend_inspection",
            "更正检查记录（可重复提交）",
            inspections::amend,
        )
        .get(
            "/inspections/{inspection_id}/amendments",
            "list_amendments",
            "检查记录的各版本",
            inspections::list_amendments,
        )
        .get("/visits/{visit_id}", "find_visit", "查看走访", inspections::find_visit)
        .post(
            "/visits/{visit_id}/confirmations",
            "confirm_visit",
            "以本人账号确认参加走访（48 小时内）",
            inspections::confirm_visit,
        )
        .put("/photos/{photo_id}", "put_photo", "整张上传照片或材料（可重复上传）", photos::put)
        .get("/photos/{photo_id}", "find_photo", "照片回执", photos::find)
        .get("/photos/{photo_id}/content", "photo_content", "照片原件", photos::content)
        .get(
            "/photos/{photo_id}/renditions/{size}",
            "photo_rendition",
            "照片缩图（不含元数据）",
            photos::rendition,
        );
    t.section("暂存")
        .get("/quarantine", "list_quarantine", "逾期或不在范围内的记录", quarantine::list)
        .get("/quarantine/{quarantine_id}", "find_quarantined", "查看暂存记录", quarantine::find)
        .post(
            "/quarantine/{quarantine_id}/acceptances",
            "accept_quarantined",
            "采纳暂存记录",
            quarantine::accept,
        )
        .post(
            "/quarantine/{quarantine_id}/dismissals",
            "dismiss_quarantined",
            "不予采纳暂存记录",
            quarantine::dismiss,
        );
    t.section("断点续传")
        .options("/uploads", "upload_options", "tus 协议版本与能力", uploads::options)
        .post("/uploads", "create_upload", "创建上传（tus，可重复创建）", uploads::create)
        .post("/uploads/plain", "create_plain_upload", "创建上传（JSON，可重复创建）", uploads::create_plain)
        .head("/uploads/{upload}", "upload_offset", "上传进度（tus）", uploads::head)
        .get("/uploads/{upload}", "find_upload", "上传进度与回执", uploads::find)
        .patch("/uploads/{upload}", "append_upload", "续传一段（tus）", uploads::patch)
        .post("/uploads/{upload}", "override_upload", "代替 PATCH、DELETE 或 HEAD（tus）", uploads::instead)
        .delete("/uploads/{upload}", "delete_upload", "放弃上传（tus）", uploads::delete)
        .post("/uploads/{upload}/chunks", "send_chunk", "续传一段（普通 POST）", uploads::chunk)
        .get("/photos/{photo_id}/receipt", "photo_receipt", "再次索取本人照片的回执", uploads::receipt);
    t.section("问题与整改")
        .get("/findings/task-sheet", "task_sheet", "运营机构任务单（PDF 或文本）", task_sheet::task_sheet)
        .get("/findings", "list_findings", "问题列表", findings::list)
        .post("/findings", "enter_finding", "录入其他来源的问题", origins::enter)
        .get("/findings/exceptions", "list_exceptions", "例外清单", ledger::exceptions)
        .get("/findings/{finding_id}", "find_finding", "查看问题及其经过", findings::find)
        .get(
            "/findings/{finding_id}/reporter",
            "find_reporter",
            "查看举报人（密封，查看留痕）",
            origins::reporters,
        )
        .post("/findings/{finding_id}/confirmations", "confirm_finding", "确认问题", findings::confirm)
        .post("/findings/{finding_id}/services", "serve_finding", "记录送达", findings::serve)
        .post("/findings/{finding_id}/rectifications", "claim_rectification", "申报整改", findings::claim)
        .post("/findings/{finding_id}/checks", "check_claim", "街道初核", findings::check)
        .post("/findings/{finding_id}/reinspections", "reinspect_finding", "现场复查", findings::reinspect)
        .post("/findings/{finding_id}/returns", "return_finding", "退回重改", findings::return_claim)
        .post("/findings/{finding_id}/closures", "close_finding", "销号", findings::close)
        .post("/findings/{finding_id}/withdrawals", "withdraw_finding", "撤销误报", findings::withdraw)
        .post(
            "/findings/{finding_id}/deadlines",
            "set_deadline",
            "确认或更改建议的整改期限",
            loop_steps::set_deadline,
        )
        .post("/findings/{finding_id}/extensions", "ask_extension", "申请延期", loop_steps::ask_extension)
        .post("/findings/{finding_id}/disputes", "dispute_finding", "申诉", loop_steps::dispute)
        .post("/findings/{finding_id}/long-terms", "ask_long_term", "申请挂账", loop_steps::ask_long_term)
        .post(
            "/findings/{finding_id}/stages/{position}/completions",
            "finish_stage",
            "记录挂账阶段完成",
            loop_steps::finish_stage,
        )
        .post(
            "/findings/{finding_id}/terminations",
            "ask_termination",
            "申请终结",
            loop_steps::ask_termination,
        )
        .post(
            "/findings/{finding_id}/requests/{request_id}/decisions",
            "decide_request",
            "决定申请",
            loop_steps::decide,
        )
        .post("/findings/{finding_id}/suspensions", "suspend_finding", "停工暂停", loop_steps::suspend)
        .post("/findings/{finding_id}/resumptions", "resume_finding", "恢复计时", loop_steps::resume)
        .post("/findings/{finding_id}/referrals", "refer_finding", "移送其他部门", loop_steps::refer)
        .post(
            "/findings/{finding_id}/referrals/{referral_id}/receipts",
            "receive_referral",
            "签收移送",
            loop_steps::receive_referral,
        )
        .post(
            "/findings/{finding_id}/referrals/{referral_id}/results",
            "report_referral",
            "反馈移送处理结果",
            loop_steps::report_referral,
        )
        .post(
            "/findings/{finding_id}/brigade-checks",
            "brigade_check",
            "消防救援大队复查联合检查问题",
            loop_steps::brigade_check,
        )
        .post("/findings/{finding_id}/assignments", "assign_finding", "指定责任人", loop_steps::assign)
        .post("/findings/{finding_id}/contacts", "log_contact", "登记联络", loop_steps::contact)
        .get("/findings/{finding_id}/officers", "list_officers", "历任经办人", handover::officers)
        .post("/findings/{finding_id}/officers", "assign_officer", "指定经办人", handover::assign)
        .post("/findings/{finding_id}/contacts", "log_contact", "登记联络", loop_steps::contact);
    t.section("催办")
        .get("/findings/{finding_id}/marks", "finding_marks", "问题的到期与催办记录", escalation::marks)
        .get("/steps", "list_steps", "已起草的催办步骤", escalation::list)
        .get("/steps/{step_id}", "find_step", "查看催办步骤及所列问题", escalation::find)
        .post("/steps/{step_id}/taken", "take_step", "登记已采取的步骤", escalation::take)
        .post("/steps/{step_id}/dismissals", "dismiss_step", "不采取该步骤", escalation::dismiss)
        .get("/meetings", "list_meetings", "约谈与反馈会记录", meetings::list)
        .post("/meetings", "record_meeting", "登记约谈或反馈会", meetings::record)
        .get("/meetings/{meeting_id}", "find_meeting", "查看会议记录", meetings::find)
        .put("/meetings/{meeting_id}", "correct_meeting", "更正会议记录（生成新版本）", meetings::correct)
        .get("/meetings/{meeting_id}/versions", "meeting_versions", "会议记录的各版本", meetings::versions);
    t.section("台账")
        .get("/ledger", "list_ledger", "问题、任务、责任清单", ledger::list)
        .get("/ledger.csv", "ledger_table", "台账表格（CSV）", ledger::table)
        .get("/ledger/summary", "ledger_summary", "按期整改率、销号率等", ledger::summary)
        .get("/draws", "list_draws", "各年度抽查种子", ledger::draws)
        .get("/groups", "list_groups", "总问题与整改方案", groups::list)
        .post("/groups", "create_group", "归集问题", groups::create)
        .get("/groups/{group_id}", "find_group", "查看问题组及进度", groups::find)
        .patch("/groups/{group_id}", "update_group", "修改问题组", groups::update)
        .post("/groups/{group_id}/members", "add_members", "加入问题", groups::add_members)
        .delete(
            "/groups/{group_id}/members/{finding_id}",
            "remove_member",
            "移出问题",
            groups::remove_member,
        );
    t.section("一中心一整改措施")
        .get("/projects", "list_projects", "整改措施台账", projects::list)
        .post("/projects", "open_project", "登记整改措施", projects::open)
        .get("/projects/{project_id}", "find_project", "查看整改措施及周报", projects::find)
        .patch("/projects/{project_id}", "update_project", "修改整改措施", projects::update)
        .post("/projects/{project_id}/updates", "report_project", "报送周报", projects::report)
        .post("/projects/{project_id}/milestones", "add_milestone", "增加阶段目标", projects::add_milestone)
        .post(
            "/projects/{project_id}/milestones/{position}/completions",
            "finish_milestone",
            "记录阶段目标完成",
            projects::finish_milestone,
        )
        .post("/projects/{project_id}/completions", "finish_project", "整改措施完成", projects::finish);
    t.section("监督意见")
        .get("/opinions", "list_opinions", "监督意见列表", opinions::list)
        .post("/opinions", "write_opinion", "提出监督意见", opinions::write)
        .get("/opinions/{opinion_id}", "find_opinion", "查看监督意见", opinions::find)
        .post("/opinions/{opinion_id}/answers", "answer_opinion", "答复监督意见", opinions::answer);
    t.section("今日待办").get("/today", "today", "今日待办", today::today);
    t.section("提醒函")
        .get("/letters", "list_letters", "提醒函列表", letters::list)
        .post("/letters/batch", "draft_letters", "按街道批量起草", letters::draft)
        .post("/letters/batch/issue", "issue_letters", "批量签发（连续编号）", letters::issue)
        .post("/letters/check", "check_letter", "核验文件是否为本局函件", dispatch::check)
        .get("/letters/board", "letter_board", "函件看板（按街道）", replies::board)
        .get("/letters/{letter_id}", "find_letter", "查看提醒函", letters::find)
        .patch("/letters/{letter_id}", "update_letter", "修改未送审提醒函的回复期限", letters::update)
        .post("/letters/{letter_id}/submit", "submit_letter", "送审（冻结事实）", letters::submit)
        .post("/letters/{letter_id}/return", "return_letter", "退回", letters::return_letter)
        .post("/letters/{letter_id}/approve", "approve_letter", "审核通过（先试排版）", letters::approve)
        .post(
            "/letters/{letter_id}/rectifications",
            "claim_by_letter",
            "按附件批量申报整改（逐条答复）",
            annex::claim,
        )
        .get("/letters/{letter_id}/document.pdf", "letter_document", "正式文件", letters::document)
        .post("/letters/{letter_id}/void", "void_letter", "作废（送达前）", dispatch::make_void)
        .post("/letters/{letter_id}/number", "number_letter", "登记局办编发的文号", dispatch::number)
        .put("/letters/{letter_id}/sealed-scan", "seal_letter", "登记用印并上传用印扫描件", dispatch::seal)
        .get(
            "/letters/{letter_id}/sealed-scan.pdf",
            "letter_sealed_scan",
            "用印扫描件",
            dispatch::sealed_scan,
        )
        .post("/letters/batch/deliver", "deliver_letters", "批量送达", dispatch::deliver)
        .post("/letters/{letter_id}/acknowledge", "acknowledge_letter", "签收", dispatch::acknowledge);
    t.section("复函")
        .get("/letters/{letter_id}/replies", "list_replies", "复函列表与回复情况", replies::list)
        .post("/letters/{letter_id}/replies", "draft_reply", "起草复函", replies::open)
        .get("/letters/{letter_id}/replies/{reply_id}", "find_reply", "查看复函", replies::find)
        .patch("/letters/{letter_id}/replies/{reply_id}", "edit_reply", "修改复函草稿", replies::edit)
        .get(
            "/letters/{letter_id}/replies/{reply_id}/document.pdf",
            "reply_document",
            "复函文稿（供用印）",
            replies::document,
        )
        .put(
            "/letters/{letter_id}/replies/{reply_id}/scan",
            "put_reply_scan",
            "上传盖章复函扫描件",
            replies::put_scan,
        )
        .get(
            "/letters/{letter_id}/replies/{reply_id}/scan.pdf",
            "reply_scan",
            "盖章复函扫描件",
            replies::scan,
        )
        .post(
            "/letters/{letter_id}/replies/{reply_id}/attachments",
            "attach_to_reply",
            "上传复函附件",
            replies::attach,
        )
        .get("/letters/{letter_id}/reply-files/{file_id}", "reply_file", "复函附件", replies::file)
        .delete(
            "/letters/{letter_id}/reply-files/{file_id}",
            "detach_from_reply",
            "移除草稿附件",
            replies::detach,
        )
        .post("/letters/{letter_id}/replies/{reply_id}/send", "send_reply", "发出复函", replies::send);
    t.section("合规情况")
        .get("/compliance/facilities", "facilities_compliance", "各设施合规情况", compliance::facilities)
        .get(
            "/compliance/facilities/{facility_id}",
            "facility_compliance",
            "单个设施合规情况",
            compliance::facility,
        )
        .get("/compliance/streets", "streets_compliance", "各街道检查与销号情况", compliance::streets);
    t.section("通知")
        .get("/notices", "list_notices", "我的通知", notices::list)
        .get("/notices/unread", "count_unread", "我的未读通知数", notices::unread)
        .post("/notices/read", "read_all_notices", "全部标为已读", notices::read_all)
        .post("/notices/{notice_id}/read", "read_notice", "标为已读", notices::read)
        .get("/me/notice-address", "find_notice_address", "我的通知邮箱", notices::address)
        .put("/me/notice-address", "set_notice_address", "设置通知邮箱", notices::set_address)
        .delete("/me/notice-address", "forget_notice_address", "删除通知邮箱", notices::forget_address)
        .post("/me/notice-address/tests", "test_notice_address", "给自己发送测试邮件", notices::test_address)
        .get("/mail/deliveries", "list_mail", "邮件发送情况", webhooks::list_mail)
        .post(
            "/mail/deliveries/{delivery_id}/replay",
            "replay_mail",
            "重发已放弃的邮件",
            webhooks::replay_mail,
        );
    t.section("订阅")
        .get("/webhooks", "list_webhooks", "订阅列表", webhooks::list)
        .post("/webhooks", "create_webhook", "新建订阅（密钥只显示一次）", webhooks::create)
        .get("/webhooks/deliveries", "list_deliveries", "消息发送情况", webhooks::list_deliveries)
        .post(
            "/webhooks/deliveries/{delivery_id}/replay",
            "replay_delivery",
            "重发已放弃的消息",
            webhooks::replay_delivery,
        )
        .get("/webhooks/{webhook_id}", "find_webhook", "查看订阅", webhooks::find)
        .patch("/webhooks/{webhook_id}", "update_webhook", "修改、停用或启用订阅", webhooks::update)
        .delete("/webhooks/{webhook_id}", "delete_webhook", "删除订阅", webhooks::delete)
        .post("/webhooks/{webhook_id}/secrets", "rotate_webhook_secret", "更换订阅密钥", webhooks::rotate)
        .post("/webhooks/{webhook_id}/tests", "test_webhook", "发送测试消息", webhooks::test);
    t.section("消防台账")
        .get(
            "/fire/summary",
            "fire_summary",
            "持证、值班、演练与器材汇总（可与基准日比较）",
            fire::find_summary,
        )
        .get("/fire/facilities/{facility_id}", "fire_facility", "单个设施的消防台账", fire::find_facility)
        .put(
            "/fire/facilities/{facility_id}",
            "put_fire_facility",
            "登记消防控制室与值班要求（生成新版本）",
            fire::put_facility,
        )
        .get("/fire/certificates", "list_certificates", "持证与报考人员", fire::list_certificates)
        .post("/fire/certificates", "create_certificate", "登记持证或报考人员", fire::create_certificate)
        .post(
            "/fire/certificates/import",
            "import_certificates",
            "从 CSV 导入持证与报考人员",
            fire::imports::certificates,
        )
        .get(
            "/fire/certificates/{line_id}",
            "find_certificate",
            "查看持证人员及其版本",
            fire::find_certificate,
        )
        .patch(
            "/fire/certificates/{line_id}",
            "change_certificate",
            "变更持证人员（生成新版本）",
            fire::change_certificate,
        )
        .get("/fire/drills", "list_drills", "消防演练", fire::records::list_drills)
        .post("/fire/drills", "create_drill", "登记消防演练", fire::records::create_drill)
        .get("/fire/trainings", "list_trainings", "消防培训", fire::records::list_trainings)
        .post("/fire/trainings", "create_training", "登记消防培训", fire::records::create_training)
        .get("/fire/equipment", "list_equipment", "消防器材及其有效期", fire::records::list_equipment)
        .post("/fire/equipment", "create_equipment", "登记消防器材", fire::records::create_equipment)
        .post("/fire/equipment/import", "import_equipment", "从 CSV 导入消防器材", fire::imports::equipment)
        .post(
            "/fire/equipment/{line_id}/removals",
            "remove_equipment",
            "登记消防器材撤换",
            fire::records::remove_equipment,
        )
        .post(
            "/fire/lines/{line_id}/confirmations",
            "confirm_fire_line",
            "确认运营机构填报",
            fire::confirm_line,
        )
        .post(
            "/fire/lines/{line_id}/dismissals",
            "dismiss_fire_line",
            "不予计入运营机构填报",
            fire::dismiss_line,
        )
        .post(
            "/fire/lines/{line_id}/withdrawals",
            "withdraw_fire_line",
            "撤销误登的记录",
            fire::withdraw_line,
        );
    t.section("消防信息通报")
        .get("/fire/bulletins", "list_bulletins", "信息通报列表", fire::bulletins::list)
        .post("/fire/bulletins", "send_bulletin", "发出信息通报", fire::bulletins::send)
        .get("/fire/bulletins/{bulletin_id}", "find_bulletin", "查看信息通报", fire::bulletins::find)
        .patch(
            "/fire/bulletins/{bulletin_id}",
            "correct_bulletin",
            "更正未签收的信息通报",
            fire::bulletins::correct,
        )
        .post(
            "/fire/bulletins/{bulletin_id}/receipts",
            "receive_bulletin",
            "签收信息通报",
            fire::bulletins::receive,
        )
        .post(
            "/fire/bulletins/{bulletin_id}/results",
            "conclude_bulletin",
            "反馈信息通报的处理结果",
            fire::bulletins::conclude,
        );
    t.section("离线同步").get("/sync", "sync", "手机离线所需数据的变更", sync::sync);
    t.section("参数")
        .get("/settings", "list_settings", "参数列表", settings::list)
        .get("/settings/{name}", "find_setting", "查看参数", settings::find)
        .put("/settings/{name}", "put_setting", "更改参数", settings::put);
    t.section("审计").get("/audit", "list_audit", "审计记录（按全局顺序）", audit::list);
    t
}
