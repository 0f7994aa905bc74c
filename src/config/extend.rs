//! A configuration over the one it extends.

use super::Settings;
use super::validate::{DepsSettings, IacSettings, ScanSettings, SecretsSettings};

/// Each value that `own` has wins; lists are joined, what was extended first; a switch that is on stays on.
pub fn over(own: Settings, base: Settings) -> Settings {
    Settings {
        path: own.path,
        scan: ScanSettings {
            scanners: own.scan.scanners.or(base.scan.scanners),
            exclude: joined(base.scan.exclude, own.scan.exclude),
            include: joined(base.scan.include, own.scan.include),
            max_file_size: own.scan.max_file_size.or(base.scan.max_file_size),
            rules: joined(base.scan.rules, own.scan.rules),
            ignore_files: own.scan.ignore_files.or(base.scan.ignore_files),
            pragmas: own.scan.pragmas.or(base.scan.pragmas),
        },
        fail_on: own.fail_on.or(base.fail_on),
        fail_on_scanners: base.fail_on_scanners.into_iter().chain(own.fail_on_scanners).collect(),
        fail_on_paths: joined(base.fail_on_paths, own.fail_on_paths),
        tolerate: own.tolerate.or(base.tolerate),
        fixable_only: own.fixable_only || base.fixable_only,
        new_only: own.new_only || base.new_only,
        min_confidence: own.min_confidence.or(base.min_confidence),
        deny_unused_ignores: own.deny_unused_ignores || base.deny_unused_ignores,
        ignores: joined(base.ignores, own.ignores),
        secrets: SecretsSettings {
            disable: joined(base.secrets.disable, own.secrets.disable),
            min_confidence: own.secrets.min_confidence.or(base.secrets.min_confidence),
            allow: joined(base.secrets.allow, own.secrets.allow),
            allow_paths: joined(base.secrets.allow_paths, own.secrets.allow_paths),
            stop_words: joined(base.secrets.stop_words, own.secrets.stop_words),
            severity: base.secrets.severity.into_iter().chain(own.secrets.severity).collect(),
            confidence: base.secrets.confidence.into_iter().chain(own.secrets.confidence).collect(),
        },
        deps: DepsSettings {
            dev: own.deps.dev.or(base.deps.dev),
            only_fixed: own.deps.only_fixed || base.deps.only_fixed,
            unknown_severity: own.deps.unknown_severity.or(base.deps.unknown_severity),
            max_db_age: own.deps.max_db_age.or(base.deps.max_db_age),
            deny_unmaintained: own.deps.deny_unmaintained || base.deps.deny_unmaintained,
            reach: own.deps.reach.or(base.deps.reach),
            stdlib: own.deps.stdlib || base.deps.stdlib,
            installed: own.deps.installed || base.deps.installed,
            binaries: own.deps.binaries || base.deps.binaries,
            vex: joined(base.deps.vex, own.deps.vex),
            severity: base.deps.severity.into_iter().chain(own.deps.severity).collect(),
        },
        iac: IacSettings {
            disable: joined(base.iac.disable, own.iac.disable),
            tf_var_files: joined(base.iac.tf_var_files, own.iac.tf_var_files),
        },
        tools: joined(base.tools, own.tools),
        tool_severity: base.tool_severity.into_iter().chain(own.tool_severity).collect(),
    }
}

fn joined<T>(mut first: Vec<T>, then: Vec<T>) -> Vec<T> {
    first.extend(then);
    first
}
