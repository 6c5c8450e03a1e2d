"""JupyterLab opens the course's notebooks clean, and saves them as git has them.

On opening, JupyterLab writes the kernel's name and Python's version into a notebook's
metadata. Where they differ from what it read, the notebook counts as unsaved; where it
saves them, git sees a change that no reader made. Both differ from machine to machine,
so what is read is filled in with this machine's, and what is saved is as it was made.
"""

from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_client.kernelspec import get_kernel_spec
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from course.notebooks import METADATA


class Notebooks(AsyncLargeFileManager):
    """JupyterLab's own file manager, but for the metadata of the course's notebooks."""

    async def get(
        self,
        path: Any,
        content: Any = True,
        type: Any = None,
        format: Any = None,
        require_hash: Any = False,
    ) -> Any:
        """Read a file; a notebook of the course gets this machine's kernel."""
        model = await super().get(path, content, type, format, require_hash)
        if ours(model):
            spec = METADATA["kernelspec"]
            shown = get_kernel_spec(spec["name"]).display_name
            model["content"]["metadata"] |= {
                "kernelspec": spec | {"display_name": shown},
                "language_info": IPythonKernel.language_info,
            }
        return model

    async def save(self, model: Any, path: Any = "") -> Any:
        """Write a file; a notebook of the course gets the kernel that it came with."""
        if ours(model):
            model["content"]["metadata"] |= METADATA
        return await super().save(model, path)


def ours(model: dict[str, Any]) -> bool:
    """Whether a file is a notebook of this course, and for the kernel that it names."""
    if model.get("type") != "notebook" or not model.get("content"):
        return False
    metadata = model["content"]["metadata"]
    kernel = metadata.get("kernelspec", {}).get("name")
    return "live_papers" in metadata and kernel == METADATA["kernelspec"]["name"]
