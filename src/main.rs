//! The one binary: subcommands, nothing else.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use yixun::commands;
use yixun::reference::Imported;

/// 颐巡：养老服务设施检查、整改、销号与提醒函
#[derive(Parser)]
#[command(name = "yixun", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 启动 API 与后台任务
    Serve,
    /// 在空的数据文件夹中演示一个季度的全过程
    Demo,
    /// 导入文件：先检查全部内容，有问题则逐条报告且不写入
    Import {
        /// 导入内容
        #[arg(value_enum)]
        what: What,
        /// CSV 文件（UTF-8，中文或英文表头）；考核指标也可以是 GBK 或 XLSX
        file: std::path::PathBuf,
        /// 只检查，不写入
        #[arg(long)]
        dry_run: bool,
    },
    /// 按工作日历推算：标准输入每行“日期 工作日数”（负数为往前），逐行输出到期日及 confirmed 或 provisional
    Reckon,
    /// 只建立或升级数据库结构
    Migrate,
    /// 清理过期的上传、无人声明的照片与无记录的文件（服务每天自动进行一次）
    Sweep {
        /// 只列出，不清理
        #[arg(long)]
        dry_run: bool,
    },
    /// 账号
    #[command(subcommand)]
    User(UserCommand),
    /// 输出 OpenAPI 规范
    Openapi,
    /// 逐个核对照片与文件：缺失、损坏的逐条列出；可与服务同时运行
    Verify,
    /// 询问服务是否就绪，供容器的健康检查使用
    Health {
        /// 服务地址，默认为本机 YIXUN_LISTEN 的端口
        url: Option<String>,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    /// 区划
    Areas,
    /// 设施
    Facilities,
    /// 工作日历
    Calendar,
    /// 考核指标
    Indicators,
}

impl From<What> for Imported {
    fn from(what: What) -> Self {
        match what {
            What::Areas => Self::Areas,
            What::Facilities => Self::Facilities,
            What::Calendar => Self::Calendar,
            What::Indicators => Self::Indicators,
        }
    }
}

#[derive(Subcommand)]
enum UserCommand {
    /// 为空系统创建第一个管理员（admin、security_admin、audit_admin 各一名）
    Create {
        /// 账号名
        #[arg(long)]
        username: String,
        /// 显示姓名
        #[arg(long)]
        name: String,
        /// 角色
        #[arg(long, default_value = "admin")]
        role: String,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve => commands::serve(),
        Command::Demo => commands::demo(),
        Command::Import { what, file, dry_run } => commands::import(what.into(), &file, dry_run),
        Command::Reckon => commands::reckon(),
        Command::Migrate => commands::migrate(),
        Command::Sweep { dry_run } => commands::sweep(dry_run),
        Command::User(UserCommand::Create { username, name, role }) => {
            commands::create_user(&username, &name, &role)
        }
        Command::Openapi => commands::openapi(),
        Command::Verify => commands::verify(),
        Command::Health { url } => commands::health(url),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("yixun：{why}");
            ExitCode::FAILURE
        }
    }
}
