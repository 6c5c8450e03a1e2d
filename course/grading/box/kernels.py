"""The kernels of a notebook, one after another, in boxes that begin them."""

from pathlib import Path

from course.grading.box.nursery import Nursery
from course.grading.box.sandbox import Box, make_lib
from course.grading.box.watch import WatchedKernel
from course.grading.box.wire import Stopped


class Kernels:
    """At most one kernel at a time; a box is kept for the next as long as it works.

    `intro` are the cells that every kernel runs first.
    """

    kernel: WatchedKernel | None = None
    nursery: Nursery | None = None
    needs: tuple[str, ...] = ()

    def __init__(self, box: Box, folder: Path, intro: list[str]) -> None:
        self.box, self.folder, self.intro = box, folder, intro
        self.boxes = 0

    def have(self, needs: tuple[str, ...], new: bool) -> bool:
        """Have a kernel whose lib is just what an exercise needs; say if it is new."""
        kept = self.kernel is not None and self.kernel.is_alive()
        if kept and not new and self.needs == needs:
            return False
        self.give_up()
        if self.needs != needs:
            self.close()
            self.needs = needs
        try:
            self.begin()
        except Stopped:  # what ran in this box before may have left it unusable
            self.close()
            self.begin()
        return True

    def begin(self) -> None:
        """Begin a kernel, in a new box if there is none, and run the first cells."""
        if self.nursery is None:
            self.boxes += 1
            place = self.folder / f"k{self.boxes}"
            place.mkdir()
            lib = make_lib(self.folder / f"lib{self.boxes}", self.needs)
            self.nursery = Nursery(self.box, place, lib)
        self.kernel = WatchedKernel(self.nursery)
        for source in self.intro:
            self.kernel.await_reply(self.kernel.execute_cell_input(source, False), 60)

    def give_up(self) -> None:
        """Leave the kernel; the next exercise gets another."""
        if self.kernel is not None:
            kernel, self.kernel = self.kernel, None
            kernel.stop()

    def close(self) -> None:
        """End the kernel and the box; the next kernel gets another."""
        self.give_up()
        if self.nursery is not None:
            nursery, self.nursery = self.nursery, None
            nursery.end()
