// Evaluates Rego for the policy pack with OPA's own compiler and evaluator.
//
// It reads one JSON request a line from standard input and writes one answer a
// line to standard output, in order, until its input ends. It can open no
// file and no connection, and its time is that of the request.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // of the program, wherever it runs

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"
)

const memory = 1 << 30 // bytes; a module that needs more ends the process

// A request compiles modules, evaluates them, or runs their tests.
type request struct {
	ID      int64
	Modules map[string]source // by file name; compiles them, in place of the earlier ones
	Package string            // of the entries
	Entry   string            // pattern of the names of the rules that are evaluated
	Schema  any               // JSON Schema of the input
	Shape   map[string]any    // names below `data`; "*" is any name, an empty object any value
	Data    json.RawMessage   // `data`; without it that of the earlier request
	Input   json.RawMessage   // `input` of an evaluation
	Now     int64             // `time.now_ns()` of an evaluation
	Seconds float64           // deadline of an evaluation or of one test
	Tests   bool              // runs the tests of the modules
}

type source struct{ Version, Text string }

type problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// A rule as its module declares it.
type rule struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Name string `json:"name"` // below its package
	Kind string `json:"kind"` // set, value, default, function
	Used bool   `json:"used"` // by an entry, however indirectly
}

type answer struct {
	ID       int64     `json:"id"`
	Problems []problem `json:"problems,omitempty"`
	Rules    []rule    `json:"rules,omitempty"`
	Found    any       `json:"found,omitempty"` // values of the entries by name
	Late     bool      `json:"late,omitempty"`  // whether the deadline passed
	Tests    *tested   `json:"tests,omitempty"`
}

// What was compiled last, and the data it is evaluated on.
type evaluator struct {
	last     request
	parsed   map[string]*ast.Module
	compiler *ast.Compiler
	query    *rego.PreparedEvalQuery
}

func main() {
	if err := confine(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	input, output := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	output.SetEscapeHTML(false)
	for one := new(evaluator); ; {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked request
		if err := util.UnmarshalJSON(line, &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		told := answer{ID: asked.ID}
		told.Problems = problems(one.answer(asked, &told))
		if err := output.Encode(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
	}
}

// confine bounds memory, and leaves no descriptor free: no module can open a
// file (a JSON Schema may refer to one) or a connection.
func confine() error {
	debug.SetMemoryLimit(memory / 2)
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &syscall.Rlimit{Cur: memory, Max: memory}); err != nil {
		return err
	}
	<-time.After(time.Microsecond) // the first timer opens descriptors of its own
	next, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	free := uint64(next.Fd())
	if err := next.Close(); err != nil {
		return err
	}
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: free, Max: free})
}

func (one *evaluator) answer(asked request, told *answer) error {
	if asked.Data != nil {
		one.last.Data, one.query = asked.Data, nil
	}
	if asked.Modules != nil {
		asked.Data = one.last.Data
		one.last, one.query, one.compiler = asked, nil, nil
		return one.compile(told)
	}
	if one.compiler == nil {
		return errors.New("nothing is compiled")
	}
	if asked.Tests {
		return one.test(asked, told)
	}
	return one.evaluate(asked, told)
}

func (one *evaluator) compile(told *answer) error {
	one.parsed = map[string]*ast.Module{}
	found := ast.Errors{}
	for _, name := range util.KeysSorted(one.last.Modules) {
		version := ast.RegoV1
		if one.last.Modules[name].Version == "v0" {
			version = ast.RegoV0
		}
		options := ast.ParserOptions{Capabilities: capabilities(), ProcessAnnotation: true, RegoVersion: version}
		module, err := ast.ParseModuleWithOpts(name, one.last.Modules[name].Text, options)
		if parse := (ast.Errors{}); errors.As(err, &parse) {
			found = append(found, parse...)
		} else if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		} else {
			one.parsed[name] = module
			found = append(found, alwaysDefined(module)...)
		}
	}
	if len(found) > 0 {
		return found
	}
	compiler := one.fresh()
	if compiler.Compile(one.copies()); compiler.Failed() {
		return compiler.Errors
	}
	found = append(alwaysDefinedValues(compiler), one.unknownData(compiler)...)
	if len(found) > 0 {
		return found
	}
	one.compiler, told.Rules = compiler, one.rules(compiler)
	return nil
}

// Nothing that depends on chance or on the world. Of the built-ins that OPA
// counts so, the clock stays, which the request sets, and the two that would
// fetch a schema from a host, of which none is allowed.
func capabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	all.AllowNet = []string{}
	kept := []string{ast.NowNanos.Name, ast.JSONMatchSchema.Name, ast.JSONSchemaVerify.Name}
	all.Builtins = slices.DeleteFunc(all.Builtins, func(one *ast.Builtin) bool {
		return one.Nondeterministic && !slices.Contains(kept, one.Name)
	})
	return all
}

func (one *evaluator) fresh() *ast.Compiler {
	compiler := ast.NewCompiler().WithCapabilities(capabilities()).WithStrict(true)
	if one.last.Schema != nil {
		schemas := ast.NewSchemaSet()
		schemas.Put(ast.SchemaRootRef, one.last.Schema)
		compiler.WithSchemas(schemas)
	}
	return compiler
}

// The compiler rewrites the modules that it is given.
func (one *evaluator) copies() map[string]*ast.Module {
	copied := map[string]*ast.Module{}
	for name, module := range one.parsed {
		copied[name] = module.Copy()
	}
	return copied
}

func (one *evaluator) rules(compiler *ast.Compiler) []rule {
	entry := regexp.MustCompile(one.last.Entry)
	own := ast.MustParseRef(one.last.Package)
	used := map[util.T]bool{}
	var follow func(util.T)
	follow = func(node util.T) {
		if !used[node] {
			used[node] = true
			for next := range compiler.Graph.Dependencies(node) {
				follow(next)
			}
		}
	}
	found, nodes := []rule{}, []*ast.Rule{}
	for _, file := range util.KeysSorted(compiler.Modules) {
		module := compiler.Modules[file]
		for _, item := range module.Rules {
			path := item.Ref().GroundPrefix()
			name := path.String()
			if path.HasPrefix(own) {
				name = strings.TrimPrefix(name, own.String()+".")
			}
			kind := "value"
			switch {
			case item.Default:
				kind = "default"
			case len(item.Head.Args) > 0:
				kind = "function"
			case item.Head.RuleKind() == ast.MultiValue && len(path) == len(item.Ref()):
				kind = "set"
			}
			if entry.MatchString(name) {
				follow(item)
			}
			found = append(found, rule{File: file, Line: item.Loc().Row, Name: name, Kind: kind})
			nodes = append(nodes, item)
		}
	}
	for at, node := range nodes {
		found[at].Used = used[node]
	}
	return found
}

func (one *evaluator) evaluate(asked request, told *answer) error {
	ctx, stop := context.WithTimeout(context.Background(), time.Duration(asked.Seconds*float64(time.Second)))
	defer stop()
	if one.query == nil {
		if err := one.prepare(ctx); err != nil {
			return err
		}
	}
	input, err := ast.ValueFromReader(bytes.NewReader(asked.Input))
	if err != nil {
		return err
	}
	results, err := one.query.Eval(ctx, rego.EvalParsedInput(input), rego.EvalTime(time.Unix(0, asked.Now)))
	if told.Late = ctx.Err() != nil; told.Late {
		return nil
	}
	if err != nil {
		return err
	}
	if len(results) != 1 {
		return fmt.Errorf("the entries have %d values", len(results))
	}
	told.Found = results[0].Bindings["found"]
	return nil
}

func (one *evaluator) prepare(ctx context.Context) error {
	data, err := one.data()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for _, item := range one.rules(one.compiler) {
		names[item.Name] = item.Kind == "set" && regexp.MustCompile(one.last.Entry).MatchString(item.Name)
	}
	entries := []string{}
	for name, asked := range names {
		if asked {
			entries = append(entries, fmt.Sprintf("%q: %s.%s", name, one.last.Package, name))
		}
	}
	query, err := rego.New(
		rego.Compiler(one.compiler), rego.Store(inmem.NewFromObject(data)), rego.StrictBuiltinErrors(true),
		rego.Capabilities(capabilities()),
		rego.Query("found = {"+strings.Join(entries, ", ")+"}"),
	).PrepareForEval(ctx)
	one.query = &query
	return err
}

func (one *evaluator) data() (map[string]any, error) {
	data := map[string]any{}
	if one.last.Data == nil {
		return data, nil
	}
	return data, util.UnmarshalJSON(one.last.Data, &data)
}

func problems(err error) []problem {
	if err == nil {
		return nil
	}
	told := []problem{}
	var several ast.Errors
	if errors.As(err, &several) {
		for _, one := range several {
			message := one.Message
			if one.Details != nil {
				for _, line := range one.Details.Lines() {
					if line = strings.Trim(line, " ^"); line != "" && !strings.Contains(message, line) {
						message += "; " + line
					}
				}
			}
			told = append(told, at(one.Location, one.Code, message))
		}
		return told
	}
	return append(told, evaluation(err))
}

func at(location *ast.Location, code, message string) problem {
	if location == nil {
		return problem{Code: code, Message: message}
	}
	return problem{File: location.File, Line: location.Row, Column: location.Col, Code: code, Message: message}
}
