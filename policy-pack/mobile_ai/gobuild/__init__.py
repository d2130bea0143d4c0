"""Builds programs from pinned Go modules, once per user and machine.

    folder = build_folder(RECIPE, os.environ)
    ensure_built(folder, ambient=os.environ, progress=progress)
    subprocess.run([folder.executable("pulumi")])

It is used for programs without packages for every platform. A recipe names a folder with `go.mod`
and `go.sum`; these two files determine what is compiled, down to the last module, and their digest
names the build.
"""

from mobile_ai.gobuild.build import ensure_built
from mobile_ai.gobuild.cache import BuildFolder, build_folder
from mobile_ai.gobuild.errors import GoBuildError
from mobile_ai.gobuild.recipe import GoRecipe

__all__ = ["BuildFolder", "GoBuildError", "GoRecipe", "build_folder", "ensure_built"]
