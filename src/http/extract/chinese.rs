//! What garde says of a value beyond its limits, in Chinese.

use std::borrow::Cow;

/// garde's messages in Chinese.
pub(super) struct Chinese;

impl garde::i18n::I18n for Chinese {
    fn length_lower_than(&self, min: usize) -> Cow<'static, str> {
        format!("长度不能少于 {min}").into()
    }
    fn length_greater_than(&self, max: usize) -> Cow<'static, str> {
        format!("长度不能超过 {max}").into()
    }
    fn range_lower_than(&self, min: &dyn std::fmt::Display) -> Cow<'static, str> {
        format!("不能小于 {min}").into()
    }
    fn range_greater_than(&self, max: &dyn std::fmt::Display) -> Cow<'static, str> {
        format!("不能大于 {max}").into()
    }
    fn credit_card_invalid(&self, _: garde::i18n::InvalidCreditCard) -> Cow<'static, str> {
        "卡号无效".into()
    }
    fn pattern_no_match(&self, _: &dyn std::fmt::Display) -> Cow<'static, str> {
        "格式不正确".into()
    }
    fn contains_missing(&self, pattern: &dyn std::fmt::Display) -> Cow<'static, str> {
        format!("须包含 {pattern}").into()
    }
    fn url_invalid(&self, _: garde::i18n::InvalidUrl) -> Cow<'static, str> {
        "网址无效".into()
    }
    fn prefix_missing(&self, pattern: &dyn std::fmt::Display) -> Cow<'static, str> {
        format!("须以 {pattern} 开头").into()
    }
    fn suffix_missing(&self, pattern: &dyn std::fmt::Display) -> Cow<'static, str> {
        format!("须以 {pattern} 结尾").into()
    }
    fn phone_number_invalid(&self, _: garde::i18n::InvalidPhoneNumber) -> Cow<'static, str> {
        "电话号码无效".into()
    }
    fn ip_invalid(&self, _: garde::i18n::IpKind) -> Cow<'static, str> {
        "IP 地址无效".into()
    }
    fn matches_field_mismatch(&self, field: &dyn std::fmt::Display) -> Cow<'static, str> {
        format!("与 {field} 不一致").into()
    }
    fn email_invalid(&self, _: garde::i18n::InvalidEmail) -> Cow<'static, str> {
        "邮箱无效".into()
    }
    fn ascii_invalid(&self) -> Cow<'static, str> {
        "只能是 ASCII 字符".into()
    }
    fn alphanumeric_invalid(&self) -> Cow<'static, str> {
        "只能是字母和数字".into()
    }
    fn required_not_set(&self) -> Cow<'static, str> {
        "必填".into()
    }
}
