//! The whole URL table. A line names the method, the path, the operation's id, what it does (Chinese, for the
//! specification) and the handler; permission, parameters, bodies and answers come from the handler's signature.

use super::operation::{Operation, OperationSpec};
use super::{
    access, audit, batch, campaigns, checklists, compliance, directory, findings, fire, inspections, letters,
    photos, quarantine, sync, tus, uploads,
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
        .post("/auth/logout", "logout", "退出登录", access::logout)
        .get("/me", "me", "我的账号、角色与范围", access::me)
        .post("/me/password", "change_password", "修改密码", access::change_password)
        .get("/users", "list_users", "账号列表", access::list_users)
        .post("/users", "create_user", "新建账号", access::create_user)
        .get("/users/{user_id}", "find_user", "查看账号", access::find_user)
        .patch("/users/{user_id}", "update_user", "修改、停用账号或重置密码", access::update_user)
        .post("/users/{user_id}/grants", "create_grant", "授予角色", access::create_grant)
        .delete("/users/{user_id}/grants/{grant_id}", "revoke_grant", "收回角色", access::revoke_grant);
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
        .get("/findings", "list_findings", "问题台账", findings::list)
        .get("/findings/{finding_id}", "find_finding", "查看问题及其经过", findings::find)
        .post("/findings/{finding_id}/confirmations", "confirm_finding", "确认问题", findings::confirm)
        .post("/findings/{finding_id}/services", "serve_finding", "记录送达", findings::serve)
        .post("/findings/{finding_id}/rectifications", "claim_rectification", "申报整改", findings::claim)
        .post("/findings/{finding_id}/checks", "check_claim", "街道初核", findings::check)
        .post("/findings/{finding_id}/reinspections", "reinspect_finding", "现场复查", findings::reinspect)
        .post("/findings/{finding_id}/returns", "return_finding", "退回重改", findings::return_claim)
        .post("/findings/{finding_id}/closures", "close_finding", "销号", findings::close)
        .post("/findings/{finding_id}/withdrawals", "withdraw_finding", "撤销误报", findings::withdraw);
    t.section("提醒函")
        .get("/letters", "list_letters", "提醒函列表", letters::list)
        .post("/letters/batch", "draft_letters", "按街道批量起草", letters::draft)
        .post("/letters/batch/issue", "issue_letters", "批量签发（连续编号）", letters::issue)
        .get("/letters/{letter_id}", "find_letter", "查看提醒函", letters::find)
        .patch("/letters/{letter_id}", "update_letter", "修改未送审提醒函的回复期限", letters::update)
        .post("/letters/{letter_id}/submit", "submit_letter", "送审（冻结事实）", letters::submit)
        .post("/letters/{letter_id}/return", "return_letter", "退回", letters::return_letter)
        .post("/letters/{letter_id}/approve", "approve_letter", "审核通过（先试排版）", letters::approve)
        .get("/letters/{letter_id}/document.pdf", "letter_document", "正式文件", letters::document);
    t.section("合规情况")
        .get("/compliance/facilities", "facilities_compliance", "各设施合规情况", compliance::facilities)
        .get(
            "/compliance/facilities/{facility_id}",
            "facility_compliance",
            "单个设施合规情况",
            compliance::facility,
        )
        .get("/compliance/streets", "streets_compliance", "各街道检查与销号情况", compliance::streets);
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
    t.section("审计").get("/audit", "list_audit", "审计记录（按全局顺序）", audit::list);
    t
}
