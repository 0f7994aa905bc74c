//! Terraform's functions, as far as their result follows from their arguments alone.
//!
//! A function takes evaluated arguments. Unless it is lenient, it is not called where one of them is
//! unknown: the result is then unknown for the same reason.

mod collections;
mod digests;
mod encoding;
mod format;
mod network;
mod numbers;
mod sets;
mod strings;
mod time;

use super::ops::{self, Out};
use crate::syntax::hcl::{Kind, Val};

pub(super) use encoding::json_text;

/// What a function is called with.
pub(super) type Args<'a> = &'a [Val];

/// One function.
pub(super) struct Function {
    /// Its name in configurations.
    pub name: &'static str,
    /// Fewest and most arguments.
    pub arity: (usize, usize),
    /// True where it looks at unknown arguments itself.
    pub lenient: bool,
    /// What it does.
    pub run: fn(Args<'_>) -> Out,
}

const MANY: usize = usize::MAX;

const fn strict(name: &'static str, min: usize, max: usize, run: fn(Args<'_>) -> Out) -> Function {
    Function { name, arity: (min, max), lenient: false, run }
}

const fn lenient(name: &'static str, min: usize, max: usize, run: fn(Args<'_>) -> Out) -> Function {
    Function { name, arity: (min, max), lenient: true, run }
}

/// Every function, sorted by name. `try`, `can`, `file…` and `templatefile` need more than values: the
/// evaluator has them.
static FUNCTIONS: &[Function] = &[
    strict("abs", 1, 1, numbers::abs),
    lenient("alltrue", 1, 1, collections::alltrue),
    lenient("anytrue", 1, 1, collections::anytrue),
    strict("base64decode", 1, 1, encoding::base64decode),
    strict("base64encode", 1, 1, encoding::base64encode),
    strict("base64sha256", 1, 1, digests::base64sha256),
    strict("base64sha512", 1, 1, digests::base64sha512),
    strict("basename", 1, 1, strings::basename),
    strict("ceil", 1, 1, numbers::ceil),
    strict("chomp", 1, 1, strings::chomp),
    strict("chunklist", 2, 2, collections::chunklist),
    strict("cidrcontains", 2, 2, network::cidrcontains),
    strict("cidrhost", 2, 2, network::cidrhost),
    strict("cidrnetmask", 1, 1, network::cidrnetmask),
    strict("cidrsubnet", 3, 3, network::cidrsubnet),
    strict("cidrsubnets", 1, MANY, network::cidrsubnets),
    lenient("coalesce", 1, MANY, collections::coalesce),
    lenient("coalescelist", 1, MANY, collections::coalescelist),
    lenient("compact", 1, 1, collections::compact),
    lenient("concat", 1, MANY, collections::concat),
    lenient("contains", 2, 2, collections::contains),
    strict("csvdecode", 1, 1, encoding::csvdecode),
    strict("dirname", 1, 1, strings::dirname),
    lenient("distinct", 1, 1, collections::distinct),
    strict("element", 2, 2, collections::element),
    strict("endswith", 2, 2, strings::endswith),
    lenient("ephemeralasnull", 1, 1, collections::same),
    lenient("flatten", 1, 1, collections::flatten),
    strict("floor", 1, 1, numbers::floor),
    strict("format", 1, MANY, format::format),
    strict("formatdate", 2, 2, time::formatdate),
    strict("formatlist", 1, MANY, format::formatlist),
    strict("indent", 2, 2, strings::indent),
    strict("index", 2, 2, collections::index),
    lenient("issensitive", 1, 1, collections::always_false),
    lenient("join", 2, MANY, strings::join),
    strict("jsondecode", 1, 1, encoding::jsondecode),
    lenient("jsonencode", 1, 1, encoding::jsonencode),
    strict("keys", 1, 1, collections::keys),
    strict("length", 1, 1, collections::length),
    lenient("list", 0, MANY, collections::list),
    strict("log", 2, 2, numbers::log),
    lenient("lookup", 2, 3, collections::lookup),
    strict("lower", 1, 1, strings::lower),
    lenient("map", 0, MANY, collections::map),
    strict("matchkeys", 3, 3, collections::matchkeys),
    strict("max", 1, MANY, numbers::max),
    strict("md5", 1, 1, digests::md5),
    lenient("merge", 0, MANY, collections::merge),
    strict("min", 1, MANY, numbers::min),
    lenient("nonsensitive", 1, 1, collections::same),
    lenient("one", 1, 1, collections::one),
    strict("parseint", 2, 2, numbers::parseint),
    strict("pathexpand", 1, 1, strings::pathexpand),
    strict("pow", 2, 2, numbers::pow),
    strict("range", 1, 3, numbers::range),
    strict("regex", 2, 2, strings::regex),
    strict("regexall", 2, 2, strings::regexall),
    strict("replace", 3, 3, strings::replace),
    lenient("reverse", 1, 1, collections::reverse),
    lenient("sensitive", 1, 1, collections::same),
    lenient("setintersection", 1, MANY, sets::intersection),
    lenient("setproduct", 2, MANY, sets::product),
    lenient("setsubtract", 2, 2, sets::subtract),
    lenient("setunion", 1, MANY, sets::union),
    strict("sha1", 1, 1, digests::sha1),
    strict("sha256", 1, 1, digests::sha256),
    strict("sha512", 1, 1, digests::sha512),
    strict("signum", 1, 1, numbers::signum),
    strict("slice", 3, 3, collections::slice),
    lenient("sort", 1, 1, collections::sort),
    strict("split", 2, 2, strings::split),
    strict("startswith", 2, 2, strings::startswith),
    strict("strcontains", 2, 2, strings::strcontains),
    strict("strrev", 1, 1, strings::strrev),
    strict("substr", 3, 3, strings::substr),
    strict("sum", 1, 1, numbers::sum),
    strict("textdecodebase64", 2, 2, encoding::base64decode_utf8),
    strict("textencodebase64", 2, 2, encoding::base64encode_utf8),
    strict("timeadd", 2, 2, time::timeadd),
    strict("timecmp", 2, 2, time::timecmp),
    strict("title", 1, 1, strings::title),
    strict("tobool", 1, 1, collections::tobool),
    lenient("tolist", 1, 1, collections::tolist),
    lenient("tomap", 1, 1, collections::same),
    strict("tonumber", 1, 1, collections::tonumber),
    lenient("toset", 1, 1, collections::toset),
    strict("tostring", 1, 1, collections::tostring),
    strict("transpose", 1, 1, collections::transpose),
    strict("trim", 2, 2, strings::trim),
    strict("trimprefix", 2, 2, strings::trimprefix),
    strict("trimspace", 1, 1, strings::trimspace),
    strict("trimsuffix", 2, 2, strings::trimsuffix),
    strict("upper", 1, 1, strings::upper),
    strict("urldecode", 1, 1, encoding::urldecode),
    strict("urlencode", 1, 1, encoding::urlencode),
    strict("uuidv5", 2, 2, digests::uuidv5),
    strict("values", 1, 1, collections::values),
    strict("yamldecode", 1, 1, encoding::yamldecode),
    strict("yamlencode", 1, 1, encoding::yamlencode),
    strict("zipmap", 2, 2, collections::zipmap),
];

/// The function of that name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.binary_search_by(|function| function.name.cmp(name)).ok().map(|at| &FUNCTIONS[at])
}

/// Calls a function by name; a name that no table holds comes to unknown.
pub(super) fn call(name: &str, args: Args<'_>) -> Kind {
    let Some(function) = find(name) else {
        return Kind::unknown(&format!("`{name}` is not evaluated"));
    };
    if args.len() < function.arity.0 || args.len() > function.arity.1 {
        return Kind::invalid("wrong number of arguments");
    }
    if !function.lenient {
        for arg in args {
            // A conversion of what another resource computes is still what that resource computes.
            if let Kind::Ref(..) = arg.kind
                && matches!(name, "tostring" | "lower" | "upper" | "trimspace" | "element")
            {
                return arg.kind.clone();
            }
            if let Err(kind) = ops::known(arg) {
                return kind;
            }
        }
    }
    (function.run)(args).unwrap_or_else(|kind| kind)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_sorted() {
        assert!(super::FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
    }
}
