"""gpu-check.md: steps beside PyTorch's best, what each part of the record says, and convolutions beside PyTorch's."""


def milliseconds(timing):
    return f"{1e3 * timing['median']:.3g} ({1e3 * timing['p10']:.3g}–{1e3 * timing['p90']:.3g})"


def of_parts(record, start, key):
    return [each for name, part in record["parts"].items() if name.startswith(start) for each in part.get(key, [])]


def steps(record):
    """Rows of the steps of both workloads: ours, and PyTorch's best with the same products."""
    ours = {(each["program"].removesuffix(".txt"), each["products"]): each["step"] for each in of_parts(record, "times", "programs") if "step" in each}
    theirs = {}
    for each in of_parts(record, "pytorch", "times"):
        key = (each["name"], each["products"])
        if key not in theirs or each["median"] < theirs[key]["median"]:
            theirs[key] = each
    for (name, products), timing in sorted(ours.items()):
        best = theirs.get((name, products))
        if name.startswith("op-"):
            continue
        end = f"{milliseconds(best)} | {best['variant']}{launched(best)} | {best['median'] / timing['median']:.2f}" if best else "– | – | –"
        yield f"| {name} | {products} | {milliseconds(timing)} | {end} |"


def launched(best):
    return ", not captured" if "why" in best else ""


def kernels(record):
    """Rows of single convolutions. Only where both were timed in a graph: else the host's part counts on one side."""
    theirs = {(each["name"], each["products"]): each for each in of_parts(record, "pytorch", "times") if each.get("how") == "graph"}
    for program in of_parts(record, "times", "programs"):
        for ours in program.get("kernels", []):
            peer = theirs.get((f"{program['program'].removesuffix('.txt')} {ours['op']}", program["products"]))
            if peer:
                times = [timing["median"] for timing in (ours["seconds"], peer)]
                yield f"| {peer['name']} | {peer['products']} | {1e6 * times[0]:.3g} | {1e6 * times[1]:.3g} | {times[1] / times[0]:.2f} |"


def gist(part):
    """One line of what a part found."""
    told = [str(part["error"])] if part.get("error") else []
    told += part.get("gist", [])
    told += [f"{' '.join(filter(None, (each['program'], each.get('products'))))}: {each['error']}" for each in part.get("failed", [])]
    if part.get("unreadable"):
        told.append(f"{len(part['unreadable'])} lines are no JSON")
    if part.get("timed_out"):
        told.append("the time was over")
    if part.get("missing"):
        told.append(f"{len(part['missing'])} of {part['of']} programs not finished, the first {part['missing'][0]}")
    if "times" in part:
        told.append(f"{len(part['times'])} times, {len(part['cannot'])} failed, {len(part['left_out'])} left out")
    if part.get("notes"):
        told.append(f"{len(part['notes'].splitlines())} lines of notes from the compiler")
    return " ".join("; ".join(told).replace("|", "/").split())[:600]


def table(record):
    lines = [f"{record['gpu']}, {record['date']}", "", "| step | products | ours, ms | best PyTorch, ms | variant | ratio |", "|---|---|---|---|---|---|"]
    lines += [*steps(record), "", "| part | result | seconds | what |", "|---|---|---|---|"]
    lines += [f"| {name} | {part['state']} | {part['seconds']} | {gist(part)} |" for name, part in record["parts"].items()]
    rows = list(kernels(record))
    lines += ["", "| kernel | products | ours, µs | PyTorch, µs | ratio |", "|---|---|---|---|---|", *rows] if rows else []
    return "\n".join(lines) + "\n"
