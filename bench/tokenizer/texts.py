"""The lines of a text file, which may be compressed."""
import subprocess


def read_lines(path, column=0, most=0, errors="strict"):
    """All lines, or a column (from 1) of a table's; of a file's first `most` bytes, whole lines only."""
    if path.endswith(".zst"):
        data = subprocess.run(["zstd", "-dcq", path], check=True, stdout=subprocess.PIPE).stdout
    else:
        with open(path, "rb") as file:
            data = file.read()
    if most and len(data) > most:
        data = data[: data.rindex(b"\n", 0, most)]
    lines = data.decode("utf-8", errors).split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.split("\t", column - 1)[column - 1] for line in lines] if column else lines
