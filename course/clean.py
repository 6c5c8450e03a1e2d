"""JupyterLab opens the course's notebooks clean, and saves them as git has them.

On opening, JupyterLab writes the kernel's name and Python's version into a notebook's
metadata. Where they differ from what it read, the notebook counts as unsaved; where it
saves them, git sees a change that no reader made. Both differ from machine to machine,
so what is read is filled in with this machine's, and what is saved is as it was made.

A live figure whose kernel has ended is an error to JupyterLab; such a figure is read as
the still picture that the notebook keeps beside it.
"""

from collections.abc import Iterator
from html import escape
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from jupyter_client.kernelspec import get_kernel_spec
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from course.notebooks import METADATA

WIDGET = "application/vnd.jupyter.widget-view+json"


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
            stilled(model["content"], await self._processes(str(path).strip("/")))
        return model

    async def save(self, model: Any, path: Any = "") -> Any:
        """Write a file; a notebook of the course gets the kernel that it came with."""
        if ours(model):
            model["content"]["metadata"] |= METADATA
            for data, _ in live_outputs(model["content"]):
                data.pop("text/html", None)
        return await super().save(model, path)

    async def _processes(self, path: str) -> set[int]:
        """The process numbers of the kernels that now run for a notebook."""
        if self.parent is None:  # no server, no kernels
            return set()
        kernels = self.parent.kernel_manager
        sessions = await self.parent.session_manager.list_sessions()
        numbers = [s["kernel"]["id"] for s in sessions if s["path"] == path]
        return {kernels.get_kernel(number).provisioner.pid for number in numbers}


def stilled(notebook: dict[str, Any], processes: set[int]) -> None:
    """Show of each live figure whose kernel is not among `processes` its picture.

    As HTML, for JupyterLab gives a picture alone no words for those who cannot see it.
    """
    for data, metadata in live_outputs(notebook):
        if processes.isdisjoint(metadata["live_papers"].get("processes", [])):
            data.pop(WIDGET, None)
            if "image/png" not in data:  # the reader's own guesses, said in words
                data["text/html"] = f"<p>{escape(data['text/plain'])}</p>"
                continue
            source = f"data:image/png;base64,{data['image/png']}"
            alt = escape(metadata["image/png"]["alt"])
            data["text/html"] = f'<img alt="{alt}" src="{source}">'


def live_outputs(notebook: dict[str, Any]) -> Iterator[tuple[dict, dict]]:
    """Data and metadata of each live figure among the outputs."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            if "live_papers" in output.get("metadata", {}):
                yield output["data"], output["metadata"]


def ours(model: dict[str, Any]) -> bool:
    """Whether a file is a notebook of this course, and for the kernel that it names."""
    if model.get("type") != "notebook" or not model.get("content"):
        return False
    metadata = model["content"]["metadata"]
    kernel = metadata.get("kernelspec", {}).get("name")
    return "live_papers" in metadata and kernel == METADATA["kernelspec"]["name"]
