//! What each command needs: to look is allowed to more people than to change something.

use super::Command;

impl Command {
    /// Whether it changes anything: reading is allowed to more people than changing.
    pub fn changes(&self) -> Access {
        match self {
            Self::Status
            | Self::Why { .. }
            | Self::Plan { .. }
            | Self::Runs
            | Self::Incidents
            | Self::Journal { .. }
            | Self::Survey { .. }
            | Self::Follow => Access::Read,
            Self::Play { .. }
            | Self::Claim { .. }
            | Self::ClaimOrOffer { .. }
            | Self::ClaimAlone { .. }
            | Self::Mode { .. }
            | Self::Hold { .. }
            | Self::Resume { .. }
            | Self::Ack { .. }
            | Self::Readmit { .. }
            | Self::Revoke { .. } => Access::Act,
        }
    }
}

/// What a command needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To look.
    Read,
    /// To change something.
    Act,
}
