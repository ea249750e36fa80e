//! What can be asked of a server.

use crate::text_enum::text_enum;

text_enum! {
    /// An operation on a server.
    #[expect(missing_docs, reason = "each is the operation that its name says; the table has the rest")]
    pub enum Operation: "operation" {
        Create = "create",
        Delete = "delete",
        SoftDelete = "soft delete",
        ForceDelete = "force delete",
        Restore = "restore",
        Start = "start",
        Stop = "stop",
        SoftReboot = "soft reboot",
        HardReboot = "hard reboot",
        Pause = "pause",
        Unpause = "unpause",
        Suspend = "suspend",
        Resume = "resume",
        Rescue = "rescue",
        Unrescue = "unrescue",
        Rebuild = "rebuild",
        Resize = "resize",
        ColdMigrate = "cold migrate",
        ConfirmResize = "confirm resize",
        RevertResize = "revert resize",
        LiveMigrate = "live migrate",
        ForceCompleteLiveMigration = "force-complete a live migration of",
        AbortLiveMigration = "abort a live migration of",
        Evacuate = "evacuate",
        Shelve = "shelve",
        ShelveOffload = "shelve offload",
        Unshelve = "unshelve",
        CreateImage = "create an image of",
        Backup = "backup",
        SetPassword = "set the password of",
        CrashDump = "trigger a crash dump of",
        AttachVolume = "attach a volume to",
        DetachVolume = "detach a volume from",
        SwapVolume = "swap a volume of",
        AttachInterface = "attach an interface to",
        DetachInterface = "detach an interface from",
        ChangeMetadata = "change the metadata of",
    }
}
