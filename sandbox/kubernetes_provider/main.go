// Pulumi's Kubernetes provider, as its own command starts it. The upstream
// command embeds a generated file that its module does not carry, so the schema
// is read from beside the executable, where the build puts it.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() {
	executable, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	// A plugin folder links to the build.
	if executable, err = filepath.EvalSymlinks(executable); err != nil {
		log.Fatal(err)
	}
	schema, err := os.ReadFile(filepath.Join(filepath.Dir(executable), "schema.json"))
	if err != nil {
		log.Fatal(err)
	}
	// No Terraform names to convert from: programs here are Python.
	provider.Serve("kubernetes", version.Version, schema, nil)
}
