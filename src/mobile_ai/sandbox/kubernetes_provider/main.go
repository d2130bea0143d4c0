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
	// The engine wants a plugin of the version of the program's SDK. The module
	// proxy serves one commit of the provider, under a version of its own.
	plugin := os.Getenv("MOBILE_AI_PLUGIN_VERSION")
	if plugin == "" {
		plugin = version.Version
	}
	// No Terraform names to convert from: programs here are Python.
	provider.Serve("kubernetes", plugin, schema, nil)
}
