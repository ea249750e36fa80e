//! What is being done to a server.

use crate::text_enum::text_enum;

text_enum! {
    /// The step of an operation that is under way. `None` means that nothing is.
    #[expect(missing_docs, reason = "each is the step that its name says; the groups are commented")]
    pub enum TaskState: "task_state" {
        // Build.
        Scheduling = "scheduling",
        BlockDeviceMapping = "block_device_mapping",
        Networking = "networking",
        Spawning = "spawning",
        // Image.
        ImageSnapshot = "image_snapshot",
        ImageSnapshotPending = "image_snapshot_pending",
        ImagePendingUpload = "image_pending_upload",
        ImageUploading = "image_uploading",
        ImageBackup = "image_backup",
        // Resize and cold migration.
        ResizePrep = "resize_prep",
        ResizeMigrating = "resize_migrating",
        ResizeMigrated = "resize_migrated",
        ResizeFinish = "resize_finish",
        ResizeReverting = "resize_reverting",
        ResizeConfirming = "resize_confirming",
        // Reboot.
        Rebooting = "rebooting",
        RebootPending = "reboot_pending",
        RebootStarted = "reboot_started",
        RebootingHard = "rebooting_hard",
        RebootPendingHard = "reboot_pending_hard",
        RebootStartedHard = "reboot_started_hard",
        // Power.
        Pausing = "pausing",
        Unpausing = "unpausing",
        Suspending = "suspending",
        Resuming = "resuming",
        PoweringOff = "powering-off",
        PoweringOn = "powering-on",
        // Rescue.
        Rescuing = "rescuing",
        Unrescuing = "unrescuing",
        // Rebuild and evacuation.
        Rebuilding = "rebuilding",
        RebuildBlockDeviceMapping = "rebuild_block_device_mapping",
        RebuildSpawning = "rebuild_spawning",
        // Live migration.
        Migrating = "migrating",
        // Delete.
        Deleting = "deleting",
        SoftDeleting = "soft-deleting",
        Restoring = "restoring",
        // Shelve.
        Shelving = "shelving",
        ShelvingImagePendingUpload = "shelving_image_pending_upload",
        ShelvingImageUploading = "shelving_image_uploading",
        ShelvingOffloading = "shelving_offloading",
        Unshelving = "unshelving",
        // Password.
        UpdatingPassword = "updating_password",
    }
}

impl TaskState {
    /// The task states of a build.
    pub const BUILD: &'static [Self] = &[
        Self::Scheduling,
        Self::BlockDeviceMapping,
        Self::Networking,
        Self::Spawning,
    ];

    /// The task states of a reboot, soft or hard.
    pub const REBOOT: &'static [Self] = &[
        Self::Rebooting,
        Self::RebootPending,
        Self::RebootStarted,
        Self::RebootingHard,
        Self::RebootPendingHard,
        Self::RebootStartedHard,
    ];
}

#[cfg(test)]
mod tests {
    use super::TaskState;

    #[test]
    fn there_are_42_and_each_reads_back() {
        assert_eq!(TaskState::ALL.len(), 42);
        for state in TaskState::ALL {
            assert_eq!(state.as_str().parse::<TaskState>().unwrap(), *state);
        }
    }
}
