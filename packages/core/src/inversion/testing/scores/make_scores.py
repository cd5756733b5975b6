"""Scores of a fixed table by an independent implementation: numpy, scipy and pandas. Writes pairs.csv, ozone-week.csv and expected.json beside it.

    apt-get install python3-numpy python3-scipy python3-pandas; /usr/bin/python3 make_scores.py
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
from scipy.stats import pearsonr

HERE = Path(__file__).parent
# New York's standard time; summer time begins there on 8 March 2026, within the week.
ZONE = "Etc/GMT+5"


def pairs():
    """Skewed, correlated, rounded; gaps on either side, zeros among them."""
    random = np.random.default_rng(41)
    observed = np.round(np.exp(random.normal(2.5, 0.8, 64)), 2)
    simulated = np.round(observed * np.exp(random.normal(0.2, 0.5, 64)) + random.normal(0, 1, 64).clip(-observed / 2), 3)
    observed[[5, 17, 40]] = np.nan
    simulated[[9, 40]] = np.nan
    observed[22], simulated[22] = 0, 0
    observed[31], simulated[48] = 0, 0
    return pd.DataFrame({"observed": observed, "simulated": simulated})


def week():
    """Two stations' ozone and one's particles, hourly in UTC, with gaps of hours, of most of a day and of a night."""
    random = np.random.default_rng(7)
    time = pd.date_range("2026-03-05T02:00Z", periods=171, freq="h")
    sun = np.clip(np.sin((time.hour - 11) / 24 * 2 * np.pi), 0, None).to_numpy()
    table = pd.DataFrame({"time": time})
    for name, base, amplitude in [("A", 25, 35), ("B", 30, 20)]:
        observed = np.round(base + amplitude * sun + random.normal(0, 6, len(time)), 1)
        prior = np.round(1.15 * base + 0.8 * amplitude * np.roll(sun, 2) + random.normal(0, 3, len(time)), 2)
        table[f"observed{name}"], table[f"prior{name}"] = observed, prior
        table[f"updated{name}"] = np.round(0.5 * (observed + prior) + random.normal(0, 2, len(time)), 2)
    table.loc[random.choice(len(time), 22, replace=False), "observedA"] = np.nan
    table.loc[60:73, "observedA"] = np.nan
    table.loc[110:116, "observedB"] = np.nan
    table.loc[30, "priorB"] = np.nan
    return table


def scores(table):
    both = table.dropna()
    o, m = both.iloc[:, 0].to_numpy(), both.iloc[:, 1].to_numpy()
    with np.errstate(invalid="ignore"):
        fraction = np.nan_to_num((m - o) / ((m + o) / 2))
    return {
        "n": len(both),
        "mae": np.abs(m - o).mean(),
        "bias": (m - o).mean(),
        "nmb": (m - o).sum() / o.sum(),
        "nme": np.abs(m - o).sum() / o.sum(),
        "r": pearsonr(o, m).statistic,
        "rmse": np.sqrt(np.mean((m - o) ** 2)),
        "mfb": 100 * fraction.mean(),
        "mfe": 100 * np.abs(fraction).mean(),
        "ioa": 1 - np.sum((m - o) ** 2) / np.sum((np.abs(m - o.mean()) + np.abs(o - o.mean())) ** 2),
        "meanObserved": o.mean(),
        "meanSimulated": m.mean(),
    }


def local(table, columns):
    """The columns by local hour, empty wherever one of them is."""
    chosen = table.set_index(table.time.dt.tz_convert(ZONE))[columns]
    chosen = chosen.where(chosen.notna().all(axis=1))
    days = pd.date_range(chosen.index[0].normalize(), chosen.index[-1].normalize() + pd.Timedelta(hours=47), freq="h")
    return chosen.reindex(days)


def mda8(table, columns):
    """40 CFR 50 appendix U: windows that begin at 7 … 23, 6 of 8 hours, 13 of 17 windows."""
    running = local(table, columns).rolling(8, min_periods=6).mean().shift(-7)
    begins = running[(running.index.hour >= 7)]
    by_day = begins.groupby(begins.index.date)
    return by_day.max()[by_day.count() >= 13].dropna()


def daily_means(table, columns):
    by_day = local(table, columns)
    by_day = by_day.groupby(by_day.index.date)
    return by_day.mean()[by_day.count() >= 18].dropna()


def main():
    table, hours = pairs(), week()
    table.to_csv(HERE / "pairs.csv", index=False)
    hours.assign(time=hours.time.dt.strftime("%Y-%m-%dT%H:%MZ")).to_csv(HERE / "ozone-week.csv", index=False)
    expected = {
        "madeWith": {"numpy": np.__version__, "scipy": scipy.__version__, "pandas": pd.__version__},
        "scores": scores(table),
        "stations": {
            name: {
                kind: {column.removesuffix(name): values[column].tolist() for column in values}
                for kind, make in [("mda8", mda8), ("dailyMean", daily_means)]
                for values in [make(hours, [f"observed{name}", f"prior{name}", f"updated{name}"])]
            }
            for name in "AB"
        },
    }
    (HERE / "expected.json").write_text(json.dumps(expected, indent=2, default=lambda number: number.item()) + "\n")


main()
