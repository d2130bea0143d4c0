package main

import (
	"context"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
)

type tested struct {
	Tests    []test           `json:"tests"`
	Coverage map[string]lines `json:"coverage"` // by file
}

type test struct {
	File    string  `json:"file"`
	Line    int     `json:"line"`
	Name    string  `json:"name"`
	Outcome string  `json:"outcome"` // pass, fail, skip, error
	Message string  `json:"message"`
	Seconds float64 `json:"seconds"`
}

type lines struct {
	Covered int   `json:"covered"`
	Missed  int   `json:"missed"`
	Rows    []int `json:"rows"` // first line of each part that no test reached
}

func (one *evaluator) test(asked request, told *answer) error {
	data, err := one.data()
	if err != nil {
		return err
	}
	ctx, covered := context.Background(), cover.New()
	store := inmem.NewFromObject(data)
	transaction, err := store.NewTransaction(ctx, storage.TransactionParams{})
	if err != nil {
		return err
	}
	defer store.Abort(ctx, transaction)
	compiler := one.fresh()
	results, err := tester.NewRunner().SetCompiler(compiler).SetStore(store).SetModules(one.copies()).
		SetCoverageQueryTracer(covered).RaiseBuiltinErrors(true).
		SetTimeout(time.Duration(asked.Seconds*float64(time.Second))).RunTests(ctx, transaction)
	if err != nil {
		return err
	}
	told.Tests = &tested{Tests: []test{}, Coverage: map[string]lines{}}
	for result := range results {
		told.Tests.Tests = append(told.Tests.Tests, outcome(result))
	}
	for name, file := range covered.Report(one.parsed).Files {
		rows := []int{}
		for _, missed := range file.NotCovered {
			rows = append(rows, missed.Start.Row)
		}
		slices.Sort(rows)
		told.Tests.Coverage[name] = lines{Covered: file.CoveredLines, Missed: file.NotCoveredLines, Rows: slices.Compact(rows)}
	}
	return nil
}

func outcome(one *tester.Result) test {
	told := test{Name: one.Package + "." + one.Name, Outcome: "pass", Seconds: one.Duration.Seconds()}
	if one.Location != nil {
		told.File, told.Line = one.Location.File, one.Location.Row
	}
	switch {
	case one.Error != nil:
		told.Outcome, told.Message = "error", one.Error.Error()
	case one.Skip:
		told.Outcome = "skip"
	case one.Fail:
		told.Outcome = "fail"
	}
	return told
}
