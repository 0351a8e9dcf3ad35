//! Who may do what with a bulletin: PURE. The side that sends may correct it until the other has received it; from then on
//! nothing changes but the result, which the receiving side says, once.

use crate::access::Role;
use crate::fire::Direction;

/// What happens to a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The sending side corrects it.
    Correct,
    /// The other side receives it.
    Receive,
    /// The receiving side says what came of it.
    Conclude,
}

/// How far a bulletin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The other side has it.
    pub received: bool,
    /// What came of it is said.
    pub concluded: bool,
}

/// Why not: a stable code and the reason in Chinese.
pub type Refusal = (&'static str, &'static str);

/// The role that sends, and the one that receives.
pub fn sides(direction: Direction) -> (Role, Role) {
    match direction {
        Direction::ToBrigade => (Role::Drafter, Role::Fire),
        Direction::ToBureau => (Role::Fire, Role::Drafter),
    }
}

/// Which way a bulletin of somebody with these roles goes.
pub fn direction(roles: &[Role]) -> Option<Direction> {
    match (roles.contains(&Role::Drafter), roles.contains(&Role::Fire)) {
        (true, _) => Some(Direction::ToBrigade),
        (false, true) => Some(Direction::ToBureau),
        (false, false) => None,
    }
}

/// Whether a step may be taken by somebody with these roles.
///
/// # Errors
/// `not_sender`, `not_addressee`, `already_received`, `not_received`, `already_concluded`.
pub fn decide(step: Step, direction: Direction, progress: Progress, roles: &[Role]) -> Result<(), Refusal> {
    let (sender, receiver) = sides(direction);
    let side = if step == Step::Correct { sender } else { receiver };
    match step {
        Step::Correct if !roles.contains(&side) => Err(("not_sender", "只有发出方可以更正")),
        _ if !roles.contains(&side) => Err(("not_addressee", "只有接收方可以签收和反馈结果")),
        Step::Correct | Step::Receive if progress.received => {
            Err(("already_received", "该通报已签收，除处理结果外不能变更"))
        }
        Step::Conclude if !progress.received => Err(("not_received", "请先签收")),
        Step::Conclude if progress.concluded => Err(("already_concluded", "处理结果已反馈")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_table() {
        use Direction::{ToBrigade, ToBureau};
        use Step::{Conclude, Correct, Receive};
        let stages = [(false, false), (true, false), (true, true)];
        for (step, direction, role, told) in [
            (Correct, ToBrigade, Role::Drafter, ["", "already_received", "already_received"]),
            (Receive, ToBrigade, Role::Fire, ["", "already_received", "already_received"]),
            (Conclude, ToBrigade, Role::Fire, ["not_received", "", "already_concluded"]),
            (Correct, ToBureau, Role::Fire, ["", "already_received", "already_received"]),
            (Receive, ToBureau, Role::Drafter, ["", "already_received", "already_received"]),
            (Conclude, ToBureau, Role::Drafter, ["not_received", "", "already_concluded"]),
            (Correct, ToBrigade, Role::Fire, ["not_sender"; 3]),
            (Receive, ToBrigade, Role::Drafter, ["not_addressee"; 3]),
            (Conclude, ToBrigade, Role::Drafter, ["not_addressee"; 3]),
            (Correct, ToBureau, Role::Drafter, ["not_sender"; 3]),
            (Receive, ToBureau, Role::Fire, ["not_addressee"; 3]),
            (Conclude, ToBureau, Role::Supervisor, ["not_addressee"; 3]),
        ] {
            for ((received, concluded), told) in stages.into_iter().zip(told) {
                let progress = Progress { received, concluded };
                let code = decide(step, direction, progress, &[role]).err().map_or("", |(code, _)| code);
                assert_eq!(code, told, "{step:?} {direction:?} {role:?} {progress:?}");
            }
        }
        assert_eq!(direction(&[Role::Fire]), Some(ToBureau));
        assert_eq!(direction(&[Role::Fire, Role::Drafter]), Some(ToBrigade));
        assert_eq!(direction(&[Role::Street]), None);
    }
}
