/** The surrogate's certificate: its response against the transport model's own finite differences, its derivative, and a banner where it cannot be relied on. */
import type { Interval } from '../../../base/block-bootstrap';
import { breaches, pairName, type Certificate, type PairResponse, type RingResponse } from '../../../surrogate/judgement/certificate';
import { chemical, fixed, percent, significant } from '../../html/format';
import type { Markup } from '../../html/html';
import { html } from '../../html/html';
import { modeLabel } from '../page-context';
import type { PageContext } from '../page-context';
import type { ReportCertificate } from '../../data/report-data';
import { table } from '../../html/table';
import { isLarge, pairsInWords } from './judged-pairs';

export function certificateOfMode({ data }: PageContext): ReportCertificate | undefined {
  return data.certificates?.find(({ mode }) => mode === data.mode);
}

/** At the head of the page, where the surrogate behind the result did not pass. */
export function certificateBanner(context: PageContext): Markup {
  const { data } = context;
  const certificate = certificateOfMode(context);
  if (certificate?.verdict === 'passed') return html``;
  const [title, text] =
    certificate === undefined || certificate.verdict === 'not certified'
      ? ['Not certified', 'Nothing shows that the surrogate behind these emissions answers changed emissions as the transport model does.']
      : [
          'The certificate failed',
          'The surrogate behind these emissions does not answer changed emissions as the transport model does. It was inverted all the same.',
        ];
  const monitors = data.stations.some(({ role }) => role === 'withheld') ? 'withheld monitors' : 'the monitors that the inversion used';
  return html`<aside class="banner" id="certificate-banner">
    <p>
      <b>${title}.</b> ${text} ${certificate && pairsInWords(certificate)} What the transport model itself says of the result, on ${monitors}, stands
      below.
    </p>
    ${
      certificate && certificate.reasons.length > 0
        ? html`<ul>
            ${certificate.reasons.map((reason) => html`<li>${sentence(reason)}</li>`)}
          </ul>`
        : ''
    }
  </aside>`;
}

function sentence(reason: string): string {
  const [subject, ...rest] = reason.split(', ');
  return [subject.includes('>') ? chemical(subject) : subject, ...rest].join(', ');
}

function withInterval(value: number, interval: Interval | undefined): Markup {
  return html`${fixed(value, 2)}${interval ? html` <span class="small">(${fixed(interval.low, 2)} to ${fixed(interval.high, 2)})</span>` : ''}`;
}

function limitsOf({ limits }: Certificate, pair: { group: string; species: string }): Certificate['limits'][number] | undefined {
  return limits.find((pairLimits) => pairName(pairLimits) === pairName(pair));
}

function pairTable(context: PageContext, certificates: readonly ReportCertificate[]): Markup {
  const rows = certificates.flatMap((certificate) => {
    const requiredPairs = certificate.pairs.filter((pair) => limitsOf(certificate, pair));
    const otherPairs =
      certificate.mode === context.data.mode ? certificate.pairs.filter((pair) => !limitsOf(certificate, pair) && isLarge(pair)) : [];
    return [requiredPairs, otherPairs].flatMap((block) => block.map((pair, index) => ({ certificate, pair, begins: index === 0 })));
  });
  return table({
    id: 'table-certificate',
    caption: () =>
      context.tableCaption(
        'Change of the surrogate, running freely, against that of the transport model, where one group of emissions is changed, alone or as a part of members (90 % intervals from a bootstrap over days).',
      ),
    columns: [
      { title: 'Emission → species', text: true },
      { title: 'Period', text: true },
      { title: 'Method', text: true },
      { title: 'Slope', unit: '1 is right' },
      { title: 'asked for' },
      { title: 'r' },
      { title: 'asked for' },
      { title: 'Cosine' },
      { title: 'Same sign' },
      { title: 'asked for' },
      { title: 'Size', unit: 'rms / mean' },
      { title: 'Runs', text: true },
      { title: 'Verdict', unit: 'where judged', text: true },
    ],
    rows: rows.map(({ certificate, pair, begins }) => ({ cells: pairCells(certificate, pair), begins })),
    note: 'Slope through the origin over cells and hours. A part is told apart with the surrogate’s own answer to the other groups, whose errors lower its r; the r of all that the members change is judged. Same sign: part of the cells and hours with a clear change (above a tenth of its root mean square) in which both changes have one sign.',
  });
}

function pairCells(certificate: ReportCertificate, pair: PairResponse): Markup[] {
  const { figures, runs, period } = pair;
  const limits = limitsOf(certificate, pair);
  const verdict = limits ? (breaches(figures, limits).length === 0 ? 'passes' : 'fails') : '';
  return [
    html`${chemical(pairName(pair))}`,
    html`${period}`,
    html`${certificate.mode}`,
    withInterval(figures.slope, figures.intervals?.slope),
    html`${limits ? `${limits.minSlope} to ${limits.maxSlope}` : ''}`,
    withInterval(figures.r, figures.intervals?.r),
    html`${limits ? `≥ ${limits.minR}${figures.part ? `, of all: ${fixed(figures.part.wholeR, 2)}` : ''}` : ''}`,
    html`${fixed(figures.cosine, 2)}`,
    html`${percent(figures.signAgreement)}`,
    html`${limits && !figures.part ? `≥ ${percent(limits.minSignAgreement)}` : ''}`,
    html`${percent(figures.relativeSize, 1)}`,
    html`${figures.part ? `part of ${runs.join(', ')}` : runs.length}`,
    html`${verdict}`,
  ];
}

function distanceText({ ring: { fromKm, toKm } }: RingResponse): string {
  if (toKm === 0) return 'in the patch';
  return toKm === undefined ? `beyond ${fixed(fromKm, 0)} km` : `${fixed(fromKm, 0)} to ${fixed(toKm, 0)} km`;
}

function ringTable(context: PageContext): Markup {
  const certificate = certificateOfMode(context);
  const rings = certificate?.rings.filter((ring) => limitsOf(certificate, ring)) ?? [];
  return table({
    id: 'table-certificate-distance',
    caption: () =>
      context.tableCaption('The same for emissions changed in patches of cells only, by distance from the nearest patch. Shown, not judged.'),
    columns: [
      { title: 'Emission → species', text: true },
      { title: 'Period', text: true },
      { title: 'Distance', text: true },
      { title: 'Slope', unit: '1 is right' },
      { title: 'r' },
      { title: 'Cosine' },
      { title: 'Same sign' },
      { title: 'Size', unit: 'rms / mean' },
      { title: 'Patches' },
    ],
    rows: rings.map((ring, index) => ({
      cells: [
        chemical(pairName(ring)),
        ring.period,
        distanceText(ring),
        withInterval(ring.figures.slope, ring.figures.intervals?.slope),
        fixed(ring.figures.r, 2),
        fixed(ring.figures.cosine, 2),
        percent(ring.figures.signAgreement),
        percent(ring.figures.relativeSize, 1),
        ring.patches,
      ],
      begins: index > 0 && pairName(rings[index - 1]) !== pairName(ring),
    })),
  });
}

function jointTable(context: PageContext): Markup {
  const joint = certificateOfMode(context)?.joint ?? [];
  return table({
    id: 'table-certificate-joint',
    caption: () => context.tableCaption('The same for runs of the case that change several groups at once.'),
    columns: [
      { title: 'Run', text: true },
      { title: 'Groups', text: true },
      { title: 'Species', text: true },
      { title: 'Period', text: true },
      { title: 'Slope', unit: '1 is right' },
      { title: 'r' },
      { title: 'Same sign' },
    ],
    rows: joint.map(({ run, groups, species, period, figures }) => ({
      cells: [
        run,
        groups.map(chemical).join(', '),
        chemical(species),
        period,
        withInterval(figures.slope, figures.intervals?.slope),
        fixed(figures.r, 2),
        percent(figures.signAgreement),
      ],
    })),
  });
}

function sensitivityTable(context: PageContext): Markup {
  const certificate = certificateOfMode(context);
  return table({
    id: 'table-certificate-sensitivities',
    caption: () =>
      context.tableCaption('The surrogate’s derivative against sensitivities that the case gives as files, both for + 100 % of the emissions.'),
    columns: [
      { title: 'Sensitivity', text: true },
      { title: 'Emission → species', text: true },
      { title: 'Where', text: true },
      { title: 'Period', text: true },
      { title: 'Slope', unit: '1 is right' },
      { title: 'r' },
      { title: 'Cosine' },
      { title: 'Same sign' },
      { title: 'Size', unit: 'rms / mean' },
      { title: 'Verdict', unit: 'where judged', text: true },
    ],
    rows: (certificate?.sensitivities ?? []).map((sensitivity) => {
      const limits = sensitivity.where === undefined ? limitsOf(certificate!, sensitivity) : undefined;
      return {
        cells: [
          sensitivity.name,
          chemical(pairName(sensitivity)),
          sensitivity.where ?? 'whole domain',
          sensitivity.period,
          withInterval(sensitivity.figures.slope, sensitivity.figures.intervals?.slope),
          withInterval(sensitivity.figures.r, sensitivity.figures.intervals?.r),
          fixed(sensitivity.figures.cosine, 2),
          percent(sensitivity.figures.signAgreement),
          percent(sensitivity.figures.relativeSize, 1),
          limits ? (breaches(sensitivity.figures, limits).length === 0 ? 'passes' : 'fails') : '',
        ],
      };
    }),
  });
}

/** One sentence per method on the derivative itself. */
function differentiation({ mode, differentiation: { order, dotProduct, limits, passed } }: ReportCertificate): Markup {
  const error = Math.max(...dotProduct.map((product) => product.error));
  const gain = Math.max(...dotProduct.map((product) => Math.abs(product.gain - 1)));
  return html`<p>
    Derivative, ${modeLabel(mode)}: ${passed ? 'right' : 'wrong'}. Its Taylor remainder falls with order
    ${order === undefined ? 'that rounding hides' : fixed(order, 2)} (2 is right); products of differences with random fields differ from those of the
    adjoint by at most ${significant(error, 2)} of their standard deviation (kinks of the network; allowed ${limits.error}), along the difference
    itself by ${percent(gain, 1)} (allowed ${percent(limits.gain)}).
  </p>`;
}

export function certificate(context: PageContext): Markup {
  const certificates = context.data.certificates ?? [];
  if (certificates.length === 0) return html``;
  return html`<section id="certificate">
    <h2>The surrogate’s certificate</h2>
    ${certificates.map(
      (modeCertificate) =>
        html`<p>
          <b>${modeLabel(modeCertificate.mode)}: ${modeCertificate.verdict}.</b>
          ${pairsInWords(modeCertificate)}${modeCertificate.reasons.length > 0 ? ` ${modeCertificate.reasons.map(sentence).join('; ')}.` : ''}
        </p>`,
    )}
    ${pairTable(context, certificates)}${ringTable(context)}${jointTable(context)}${sensitivityTable(context)}${certificates.map(differentiation)}
  </section>`;
}
