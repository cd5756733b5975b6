/** Means and correlations of pairs. */

/** Sums of pairs, from which their correlation follows; pairs of which one is NaN do not count. */
export class Moments {
  n = 0;
  private a = 0;
  private b = 0;
  private aa = 0;
  private bb = 0;
  private ab = 0;

  get means(): [number, number] {
    return [this.a / this.n, this.b / this.n];
  }

  add(a: number, b: number): void {
    if (Number.isNaN(a) || Number.isNaN(b)) return;
    this.n++;
    this.a += a;
    this.b += b;
    this.aa += a * a;
    this.bb += b * b;
    this.ab += a * b;
  }

  join({ n, a, b, aa, bb, ab }: Moments): void {
    this.n += n;
    this.a += a;
    this.b += b;
    this.aa += aa;
    this.bb += bb;
    this.ab += ab;
  }

  /** The other's pairs without their means. */
  joinCentred({ n, a, b, aa, bb, ab }: Moments): void {
    if (n === 0) return;
    this.n += n;
    this.aa += aa - (a * a) / n;
    this.bb += bb - (b * b) / n;
    this.ab += ab - (a * b) / n;
  }

  correlation(): number {
    const { n, a, b } = this;
    return (this.ab - (a * b) / n) / Math.sqrt((this.aa - (a * a) / n) * (this.bb - (b * b) / n));
  }
}

export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const pairs = new Moments();
  for (let i = 0; i < a.length; i++) pairs.add(a[i], b[i]);
  return pairs.correlation();
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
