//! The one binary: subcommands, nothing else.

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use yixun::commands;

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
    /// 只建立或升级数据库结构
    Migrate,
    /// 账号
    #[command(subcommand)]
    User(UserCommand),
    /// 输出 OpenAPI 规范
    Openapi,
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
        Command::Migrate => commands::migrate(),
        Command::User(UserCommand::Create { username, name, role }) => {
            commands::create_user(&username, &name, &role)
        }
        Command::Openapi => commands::openapi(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("yixun：{why}");
            ExitCode::FAILURE
        }
    }
}
