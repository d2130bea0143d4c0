package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
	"github.com/open-policy-agent/opa/v1/util"
)

// Codes of the problems that OPA does not look for.
const (
	neverTrue = "mobile_ai_not_error"
	unknown   = "mobile_ai_data_error"
)

// alwaysDefined finds `not` before a set, an array, an object or a constant:
// it is never true, whatever stands in the brackets.
func alwaysDefined(module *ast.Module) ast.Errors {
	found := ast.Errors{}
	ast.WalkExprs(module, func(one *ast.Expr) bool {
		term, plain := one.Terms.(*ast.Term)
		if !one.Negated || !plain {
			return false
		}
		instead := ""
		switch value := term.Value.(type) {
		case ast.Set:
			instead = negated(value.Slice())
		case *ast.Array:
			items := []*ast.Term{}
			value.Foreach(func(item *ast.Term) { items = append(items, item) })
			instead = negated(items)
		case ast.Object:
			instead = "`count(...) == 0` for an empty object"
		case *ast.SetComprehension, *ast.ArrayComprehension, *ast.ObjectComprehension:
			instead = "`count(...) == 0` for an empty one"
		case ast.Null, ast.Boolean, ast.Number, ast.String:
			instead = "a comparison with it, such as `value != " + term.String() + "`"
		default:
			return false
		}
		found = append(found, never(term.Location, instead))
		return false
	})
	return found
}

// negated writes the only item of a bracket as a condition of its own.
func negated(items []*ast.Term) string {
	if len(items) != 1 {
		return "`not value in ...` for a membership"
	}
	expression := ast.NewExpr(items[0])
	if call, is := items[0].Value.(ast.Call); is {
		expression = ast.NewExpr([]*ast.Term(call))
	}
	return "`not " + infix(expression) + "`"
}

func infix(expression *ast.Expr) string {
	operands := expression.Operands()
	builtin := ast.BuiltinMap[""]
	if expression.IsCall() {
		builtin = ast.BuiltinMap[expression.Operator().String()]
	}
	if builtin != nil && builtin.Infix != "" && len(operands) == 2 {
		return fmt.Sprintf("%s %s %s", operands[0], builtin.Infix, operands[1])
	}
	return expression.String()
}

// alwaysDefinedValues finds `not` before a whole set of this package, which is
// defined even where it is empty, before a constant, and before a variable that
// is one of the above.
func alwaysDefinedValues(compiler *ast.Compiler) ast.Errors {
	found := ast.Errors{}
	for _, module := range compiler.Modules {
		ast.WalkBodies(module, func(body ast.Body) bool {
			values := map[ast.Var]ast.Value{}
			for _, one := range body {
				if one.IsEquality() && !one.Negated {
					if name, is := one.Operand(0).Value.(ast.Var); is {
						values[name] = one.Operand(1).Value
					}
				}
			}
			for _, one := range body {
				term, plain := one.Terms.(*ast.Term)
				if one.Negated && plain && defined(compiler, term.Value, values) {
					found = append(found, never(one.Location, "`count(...) == 0` for an empty one, or `not value in ...`"))
				}
			}
			return false
		})
	}
	return found
}

func defined(compiler *ast.Compiler, value ast.Value, values map[ast.Var]ast.Value) bool {
	if name, is := value.(ast.Var); is {
		value = values[name]
	}
	switch value := value.(type) {
	case ast.Ref:
		return slices.ContainsFunc(compiler.GetRulesExact(value), func(one *ast.Rule) bool {
			return one.Head.RuleKind() == ast.MultiValue || constant(one)
		})
	case ast.Set, *ast.Array, ast.Object, *ast.SetComprehension, *ast.ArrayComprehension, *ast.ObjectComprehension:
		return true
	}
	return false
}

// unknownData finds references below `data` that have no value: a rule that the
// modules do not have, or a name that the data do not have.
func (one *evaluator) unknownData(compiler *ast.Compiler) ast.Errors {
	found := ast.Errors{}
	own := ast.MustParseRef(one.last.Package)
	for _, module := range compiler.Modules {
		for _, item := range module.Rules {
			ast.WalkRefs(item, func(path ast.Ref) bool {
				if !path.HasPrefix(ast.DefaultRootRef) || len(compiler.GetRulesDynamic(path)) > 0 {
					return false
				}
				shape := one.last.Shape
				if path.HasPrefix(own) {
					found = append(found, ast.NewError(unknown, path[0].Location, "%s is no rule of the modules", path))
					shape = nil
				}
				for at := 1; at < len(path) && len(shape) > 0; at++ {
					name, constant := path[at].Value.(ast.String)
					below, known := shape[string(name)]
					if !constant || !known {
						below, known = shape["*"]
					}
					if !known && constant {
						known := strings.Join(util.KeysSorted(shape), ", ")
						found = append(found, ast.NewError(unknown, path[0].Location, "%s is not in the data: there are %s", path[at], known))
					}
					shape, _ = below.(map[string]any)
				}
				return false
			})
		}
	}
	return found
}

// constant says whether a rule has one value, whatever the input, that is not false.
func constant(one *ast.Rule) bool {
	value := one.Head.Value
	if value == nil || len(one.Head.Args) > 0 || !value.IsGround() || value.Equal(ast.BooleanTerm(false)) {
		return false
	}
	return one.Default || one.Body.Equal(ast.NewBody(ast.NewExpr(ast.BooleanTerm(true))))
}

func never(location *ast.Location, instead string) *ast.Error {
	return ast.NewError(neverTrue, location, "`not` before a value that is always defined is never true: write %s", instead)
}

func evaluation(err error) problem {
	var one *topdown.Error
	if errors.As(err, &one) {
		return at(one.Location, one.Code, one.Message)
	}
	return problem{Message: strings.TrimSpace(err.Error())}
}
