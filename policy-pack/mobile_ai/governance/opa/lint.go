package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

const neverTrue = "mobile_ai_not_error"

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

// alwaysDefinedRules finds `not` before a whole set of this package, which is
// defined even where it is empty, and before a constant.
func alwaysDefinedRules(compiler *ast.Compiler) ast.Errors {
	found := ast.Errors{}
	for _, module := range compiler.Modules {
		ast.WalkExprs(module, func(one *ast.Expr) bool {
			term, plain := one.Terms.(*ast.Term)
			if !one.Negated || !plain {
				return false
			}
			path, is := term.Value.(ast.Ref)
			if !is {
				return false
			}
			for _, item := range compiler.GetRulesExact(path) {
				if item.Head.RuleKind() == ast.MultiValue || constant(item) {
					found = append(found, never(one.Location, "`count(...) == 0` for an empty one, or `not value in ...`"))
					break
				}
			}
			return false
		})
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
