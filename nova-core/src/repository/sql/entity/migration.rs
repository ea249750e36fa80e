//! Rows of migrations.
