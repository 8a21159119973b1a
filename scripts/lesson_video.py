"""Renders a narrated lesson video from its source: `python scripts/lesson_video.py content/<slug>/media/<name>.video.yaml ...`.

A development tool; the product itself never runs it. The source names slides (heading, short lines, a number or two columns) and what
is said on each. Slides become pictures with Typst, speech comes from espeak-ng's Indonesian voice, or from a recording that lies beside
the source as `<name>.<n>.wav` (n counts the slides from 1). The result is `<name>.mp4` (1280x720) and `<name>.<language>.vtt`, each cue timed
by the measured sound of its sentence. The same source and tools give the same bytes. Needs espeak-ng and `npm ci` (for the typeface).
"""

from __future__ import annotations

import array
import json
import re
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typst
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from app.media.ffmpeg import find_ffmpeg  # noqa: E402

FONT_SOURCE = ROOT / "node_modules/@fontsource-variable/plus-jakarta-sans/files/plus-jakarta-sans-latin-wght-normal.woff2"
FONT_FOLDER = ROOT / "build/fonts"
WEIGHTS = {400: "Regular", 500: "Medium", 600: "SemiBold", 700: "Bold"}

WORDS_PER_MINUTE = 145
SOUND_RATE = 22050
PAUSE_SENTENCE, PAUSE_SLIDE, LEAD_IN, LEAD_OUT = 0.38, 0.75, 0.6, 1.2  # seconds of silence
FRAMES_PER_SECOND = 10  # the slides stand still
LINE_LENGTH = 42  # two lines at most
LARGEST_BYTES = 1_500_000
SLIDE_FIELDS = {"heading", "lines", "figure", "left", "right", "number", "unit", "narration"}

SLIDE = """
#let video = json(bytes(sys.inputs.video))
#let ink = rgb("#0a110e")
#let soft = rgb("#b4c2ba")
#let kuning = rgb("#fbbf12")
#set page(width: 1280pt, height: 720pt, margin: (x: 90pt, top: 64pt, bottom: 130pt), fill: ink)
#set text(font: "Plus Jakarta Sans", fill: white, size: 33pt, weight: 400, lang: "id", hyphenate: false)
#set par(leading: 0.5em, spacing: 0pt)

#let heading-of(slide, size) = context {
  // As narrow as its number of lines allows, so that no word stands alone.
  let made(width) = block(width: width, text(size: size, weight: 700, tracking: -0.03em, par(leading: 0.32em, slide.heading)))
  let full = measure(made(1100pt))
  let widths = range(40, 111).map(w => w * 10pt)
  made(widths.find(w => { let m = measure(made(w)); m.height == full.height and m.width <= w }))
}

#for (index, slide) in video.slides.enumerate() {
  if index > 0 { pagebreak() }
  grid(columns: (1fr, auto), text(size: 22pt, fill: soft, video.title),
    text(size: 22pt, fill: soft, number-width: "tabular", str(index + 1) + " / " + str(video.slides.len())))
  v(28pt)
  v(0.8fr)
  if slide.number != none {
    heading-of(slide, 50pt)
    v(54pt)
    grid(columns: (auto, auto), column-gutter: 26pt, align: bottom,
      text(size: 300pt, weight: 700, tracking: -0.055em, fill: kuning, top-edge: "cap-height", bottom-edge: "baseline", slide.number),
      text(size: 52pt, weight: 600, tracking: -0.02em, bottom-edge: "baseline", slide.unit))
    if slide.lines.len() > 0 { v(48pt) }
  } else if slide.columns != none {
    heading-of(slide, 50pt)
    v(60pt)
    grid(columns: (1fr, 1fr), column-gutter: 56pt,
      ..slide.columns.enumerate().map(((place, side)) => {
        line(length: 100%, stroke: 4pt + if place == 0 { kuning } else { white })
        v(34pt)
        block(text(size: 54pt, weight: 600, tracking: -0.035em, par(leading: 0.35em, side.title)))
        v(30pt)
        block(text(size: 36pt, fill: soft, side.text))
      }))
    if slide.lines.len() > 0 { v(48pt) }
  } else {
    rect(width: 84pt, height: 7pt, fill: kuning)
    v(44pt)
    heading-of(slide, if slide.lines.len() == 0 { 96pt } else if slide.lines.len() > 3 { 70pt } else { 80pt })
    if slide.lines.len() > 0 { v(52pt) }
  }
  for said in slide.lines {
    block(text(size: 40pt, fill: if slide.number == none { white } else { soft }, said))
    v(26pt)
  }
  v(1.2fr)
}
"""


class BadSource(Exception):
    """The source breaks the format; the message says where."""


@dataclass(frozen=True, slots=True)
class Cue:
    begin: float
    end: float
    text: str


def read_source(path: Path) -> dict[str, Any]:
    """The source with every optional field filled in."""
    source = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(source, dict) or not isinstance(source.get("title"), str) or not isinstance(source.get("slides"), list):
        raise BadSource(f"{path}: needs a title and slides")
    slides = []
    for place, slide in enumerate(source["slides"], 1):
        unknown = set(slide) - SLIDE_FIELDS
        if unknown or not slide.get("heading") or not slide.get("narration"):
            raise BadSource(f"{path}: slide {place}: needs heading and narration; unknown: {', '.join(sorted(unknown)) or 'nothing'}")
        columns = None
        if slide.get("figure") == "two-columns":
            columns = [{"title": str(slide[side]["title"]), "text": str(slide[side]["text"])} for side in ("left", "right")]
        elif "figure" in slide:
            raise BadSource(f"{path}: slide {place}: the figure must be two-columns")
        slides.append(
            {
                "heading": str(slide["heading"]),
                "lines": [str(said) for said in slide.get("lines", [])],
                "number": str(slide["number"]) if "number" in slide else None,
                "unit": str(slide.get("unit", "")),
                "columns": columns,
                "narration": " ".join(str(slide["narration"]).split()),
            }
        )
    return {"title": source["title"], "voice": str(source.get("voice", "id")), "slides": slides}


def prepare_fonts() -> None:
    """Typst wants one file for each weight; the product's typeface comes as one variable web font."""
    if all((FONT_FOLDER / f"{name}.ttf").exists() for name in WEIGHTS.values()):
        return
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    FONT_FOLDER.mkdir(parents=True, exist_ok=True)
    for weight, name in WEIGHTS.items():
        font = instantiateVariableFont(TTFont(FONT_SOURCE), {"wght": weight})
        font.flavor = None
        font["OS/2"].usWeightClass = weight
        names = font["name"]
        names.names = [record for record in names.names if record.nameID not in (16, 17, 21, 22, 25)]
        for number, text in {1: "Plus Jakarta Sans", 2: name, 4: f"Plus Jakarta Sans {name}", 6: f"PlusJakartaSans-{name}"}.items():
            names.setName(text, number, 3, 1, 0x409)
        font.save(FONT_FOLDER / f"{name}.ttf")


def draw_slides(source: dict[str, Any], folder: Path) -> list[Path]:
    template = folder / "slides.typ"
    template.write_text(SLIDE, encoding="utf-8")
    pictures = typst.compile(
        str(template),
        format="png",
        ppi=72.0,
        font_paths=[str(FONT_FOLDER)],
        ignore_system_fonts=True,
        sys_inputs={"video": json.dumps(source)},
    )
    pages: list[bytes] = list(pictures) if isinstance(pictures, list) else [pictures or b""]  # type: ignore[list-item]
    if len(pages) != len(source["slides"]):
        raise BadSource(f"{source['title']}: a slide has more text than fits ({len(pages)} pages for {len(source['slides'])} slides)")
    paths = []
    for number, picture in enumerate(pages, 1):
        path = folder / f"slide-{number:02}.png"
        path.write_bytes(picture)
        paths.append(path)
    return paths


def sentences_of(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.?!])\s+", text) if part]


def speak(text: str, voice: str, folder: Path) -> array.array[int]:
    """The sound of one sentence, without the silence around it."""
    path = folder / "said.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", str(WORDS_PER_MINUTE), "-w", str(path), "--", text], check=True, timeout=60)
    return without_silence(read_sound(path))


def read_sound(path: Path) -> array.array[int]:
    with wave.open(str(path)) as file:
        if (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, SOUND_RATE):
            return array.array("h", file.readframes(file.getnframes()))
    raw = subprocess.run(
        [find_ffmpeg(), "-v", "error", "-nostdin", "-i", str(path), "-f", "s16le", "-ac", "1", "-ar", str(SOUND_RATE), "-"],
        check=True,
        capture_output=True,
        timeout=60,
    ).stdout
    return array.array("h", raw)


def without_silence(sound: array.array[int], threshold: int = 200) -> array.array[int]:
    loud = [place for place in range(0, len(sound), 32) if abs(sound[place]) > threshold]
    return sound[max(0, loud[0] - 400) : loud[-1] + 1600] if loud else sound


def split_for_reading(sentence: str) -> list[str]:
    """Pieces of at most two lines of 42 characters, about equally long, preferably cut after a comma."""
    if all(len(row) <= LINE_LENGTH for row in in_lines(sentence).split("\n")):
        return [sentence]
    words = sentence.split()
    cuts = []
    for place in range(1, len(words)):
        before, after = " ".join(words[:place]), " ".join(words[place:])
        cuts.append((abs(len(before) - len(after)) - (32 if before.endswith((",", ";", ":")) else 0), before, after))
    _, before, after = min(cuts)
    return split_for_reading(before) + split_for_reading(after)


def in_lines(text: str) -> str:
    """One line, or two of about the same length."""
    if len(text) <= LINE_LENGTH:
        return text
    words = text.split()
    choices = [(" ".join(words[:place]), " ".join(words[place:])) for place in range(1, len(words))]
    return "\n".join(min(choices, key=lambda pair: max(len(pair[0]), len(pair[1]))))


def cues_for(text: str, begin: float, end: float) -> list[Cue]:
    """The cues of one stretch of speech; its time is shared out by the number of characters."""
    parts = [piece for sentence in sentences_of(text) for piece in split_for_reading(sentence)]
    total, done, cues = sum(map(len, parts)), 0, []
    for part in parts:
        at = begin + (end - begin) * done / total
        done += len(part)
        cues.append(Cue(at, begin + (end - begin) * done / total, in_lines(part)))
    return cues


def narrate(source: dict[str, Any], path: Path, folder: Path) -> tuple[array.array[int], list[float], list[Cue]]:
    """The whole sound, how many seconds each slide stands, and the cues."""
    stem = path.name.removesuffix(".video.yaml")
    sound, lengths, cues = array.array("h"), [], []

    def silence(seconds: float) -> None:
        sound.extend(array.array("h", bytes(2 * round(seconds * SOUND_RATE))))

    last = len(source["slides"])
    for number, slide in enumerate(source["slides"], 1):
        began = len(sound)
        silence(LEAD_IN if number == 1 else PAUSE_SLIDE / 2)
        recording = path.with_name(f"{stem}.{number}.wav")
        said = [slide["narration"]] if recording.exists() else sentences_of(slide["narration"])
        for place, text in enumerate(said):
            if place:
                silence(PAUSE_SENTENCE)
            begin = len(sound) / SOUND_RATE
            sound.extend(without_silence(read_sound(recording)) if recording.exists() else speak(text, source["voice"], folder))
            cues += cues_for(text, begin, len(sound) / SOUND_RATE)
        silence(LEAD_OUT if number == last else PAUSE_SLIDE / 2)
        frame = SOUND_RATE // FRAMES_PER_SECOND  # a slide stands for whole frames
        silence((-(len(sound) - began) % frame) / SOUND_RATE)
        lengths.append((len(sound) - began) / SOUND_RATE)
    return sound, lengths, cues


def timestamp(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    return f"{thousandths // 3600000:02}:{thousandths // 60000 % 60:02}:{thousandths // 1000 % 60:02}.{thousandths % 1000:03}"


def write_captions(cues: list[Cue], path: Path) -> None:
    blocks = [f"{timestamp(cue.begin)} --> {timestamp(cue.end)}\n{cue.text}\n" for cue in cues]
    path.write_text("WEBVTT\n\n" + "\n".join(blocks), encoding="utf-8", newline="\n")


def encode(pictures: list[Path], lengths: list[float], sound: array.array[int], target: Path, folder: Path) -> None:
    said = folder / "narration.wav"
    with wave.open(str(said), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SOUND_RATE)
        file.writeframes(sound.tobytes())
    order = folder / "order.txt"
    entries = [f"file '{picture}'\nduration {length:.3f}\n" for picture, length in zip(pictures, lengths, strict=True)]
    order.write_text("ffconcat version 1.0\n" + "".join(entries) + f"file '{pictures[-1]}'\n", encoding="utf-8")
    exact = [
        "-fflags",
        "+bitexact",
        "-flags:v",
        "+bitexact",
        "-flags:a",
        "+bitexact",
        "-map_metadata",
        "-1",
        "-threads",
        "1",
        "-max_interleave_delta",
        "0",
    ]
    video = ["-r", str(FRAMES_PER_SECOND), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "slow", "-tune", "stillimage", "-crf", "23"]
    video += ["-g", str(FRAMES_PER_SECOND * 20), "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]
    audio = ["-c:a", "aac", "-b:a", "64k", "-ac", "1", "-ar", "44100"]
    command = [find_ffmpeg(), "-v", "error", "-nostdin", "-y", "-f", "concat", "-safe", "0", "-i", str(order), "-i", str(said)]
    filters = ["-vf", f"fps={FRAMES_PER_SECOND},scale=out_color_matrix=bt709:out_range=tv", "-af", "loudnorm=I=-16:TP=-1.5:LRA=11"]
    subprocess.run(
        [*command, *filters, *video, *audio, *exact, "-t", f"{sum(lengths):.3f}", "-movflags", "+faststart", str(folder / "lesson.mp4")],
        check=True,
        timeout=900,
    )
    size = (folder / "lesson.mp4").stat().st_size
    if size > LARGEST_BYTES:
        raise BadSource(f"{target.name}: {size} bytes, more than the {LARGEST_BYTES} that belong in a repository")
    target.write_bytes((folder / "lesson.mp4").read_bytes())


def render(path: Path) -> None:
    """Make the video and the captions of one source, beside it."""
    source = read_source(path)
    stem = path.name.removesuffix(".video.yaml")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        sound, lengths, cues = narrate(source, path, folder)
        target = path.with_name(f"{stem}.mp4")
        encode(draw_slides(source, folder), lengths, sound, target, folder)
    write_captions(cues, path.with_name(f"{stem}.{source['voice']}.vtt"))
    print(f"{target.name}: {sum(lengths):.1f} s, {target.stat().st_size} bytes, {len(cues)} cues")


def main(names: list[str]) -> int:
    if not names:
        print(__doc__, file=sys.stderr)
        return 2
    prepare_fonts()
    for name in names:
        try:
            render(Path(name).resolve())
        except (BadSource, OSError, yaml.YAMLError) as error:
            print(f"lesson_video: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
