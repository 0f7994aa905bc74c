//! Intrinsic functions and conditions.

use super::*;
use crate::syntax::yaml;

fn value_of(expression: &str) -> Kind {
    let text = format!(
        "Parameters:\n  Env: {{Type: String, Default: prod}}\n  Key: {{Type: String}}\n\
         Mappings:\n  M:\n    prod: {{size: 7}}\n\
         Conditions:\n  IsProd: !Equals [!Ref Env, prod]\n  HasKey: !Not [!Equals [!Ref Key, '']]\n  Loop: !Condition Loop\n\
         Resources:\n  R:\n    Type: AWS::X::Y\n    Properties:\n      P: {expression}\n"
    );
    let parsed = yaml::parse_documents(text.as_bytes());
    assert_eq!(parsed.errors, []);
    let mut lowered = Lowered::default();
    lower(&RepoPath::new("t.yaml"), &parsed.value[0], &mut lowered);
    lowered.resources[0].attributes.get("P").unwrap().kind.clone()
}

#[test]
fn intrinsics_come_to_what_the_template_says() {
    for (expression, expected) in [
        ("!Ref Env", "prod"),
        ("{Ref: Env}", "prod"),
        ("!Sub 'a-${Env}-${!x}'", "a-prod-${x}"),
        ("!Sub ['a-${n}', {n: !Ref Env}]", "a-prod"),
        ("!If [IsProd, a, b]", "a"),
        ("{'Fn::If': [HasKey, same, same]}", "same"),
        ("!FindInMap [M, !Ref Env, size]", "7"),
        ("!Join ['-', [a, !Ref Env]]", "a-prod"),
        ("!Select [1, !Split [',', 'x,y']]", "y"),
    ] {
        assert_eq!(scalar(&value_of(expression)).as_deref(), Some(expected), "{expression}");
    }
    for unknown in ["!Ref Key", "!If [HasKey, a, b]", "!If [Loop, a, b]", "!Sub '${AWS::Region}'", "!GetAZs ''"] {
        assert!(value_of(unknown).is_unknown(), "{unknown}");
    }
    assert_eq!(value_of("!Ref AWS::NoValue"), Kind::Null);
    assert_eq!(value_of("!GetAtt B.Arn"), Kind::Ref("B".into(), "Arn".into()));
}

#[test]
fn what_nothing_decides_is_denied_where_it_is_wrong_either_way() {
    use crate::scan::iac::check::{Answer, deny, parse};
    use crate::scan::iac::resource::Model;

    let text = "Parameters:\n  Env: {Type: String}\nConditions:\n  IsProd: !Equals [!Ref Env, prod]\n  NotProd: !Not [!Condition IsProd]\n\
         Resources:\n  R:\n    Type: A::B::C\n    Condition: IsProd\n    Properties: {P: !If [IsProd, 1, 2]}\n\
           \x20 S:\n    Type: A::B::C\n    Properties:\n      P: !If [IsProd, 1, 2]\n      Q: !If [IsProd, {On: false}, !Ref AWS::NoValue]\n      V: !If [NotProd, a, !If [IsProd, b, c]]\n";
    let parsed = yaml::parse_documents(text.as_bytes());
    assert_eq!(parsed.errors, []);
    let mut lowered = Lowered::default();
    lower(&RepoPath::new("t.yaml"), &parsed.value[0], &mut lowered);
    let model = Model::new(lowered.resources);
    for (resource, predicate, expected) in [
        (0, "P == 1", "yes"),
        (1, "P == 1", "unknown"),
        (1, "P < 3", "yes"),
        (1, "P > 3", "no"),
        (1, "Q.On != true", "yes"),
        (1, "Q.On == false", "unknown"),
        (1, r#"V == "c""#, "no"),
        (1, r#"V in ["a", "b"]"#, "yes"),
    ] {
        let answer = match deny(&parse(predicate).unwrap(), &model.resources()[resource], &model) {
            Answer::Yes(_) => "yes",
            Answer::No => "no",
            Answer::Unknown => "unknown",
        };
        assert_eq!(answer, expected, "{predicate}");
    }
}
