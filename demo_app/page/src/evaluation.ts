/** How the model was measured: the table, the plot, and what to make of them. */

import { element } from './dom.js'
import type { Evaluation, Metrics } from './shop.js'

const COLUMNS: readonly (readonly [
  heading: string,
  of: (metrics: Metrics) => number,
  better: (...values: number[]) => number,
])[] = [
  ['AUC', (metrics) => metrics.auc, Math.max],
  ['log loss', (metrics) => metrics.log_loss, Math.min],
  ['Brier', (metrics) => metrics.brier, Math.min],
  ['calibration error', (metrics) => metrics.calibration_error, Math.min],
]

export function createEvaluation(evaluation: Evaluation): readonly HTMLElement[] {
  const number = new Intl.NumberFormat('en-GB')
  const heads = ['', ...COLUMNS.map(([heading]) => heading)].map((name) =>
    element('th', { scope: 'col' }, name),
  )
  const rows = evaluation.metrics.map((metrics) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, metrics.name),
      ...COLUMNS.map(([, of, better]) => {
        const best = better(...evaluation.metrics.map(of)) === of(metrics)
        return element('td', best ? { class: 'best' } : {}, of(metrics).toFixed(4))
      }),
    ),
  )
  return [
    element(
      'div',
      { class: 'evaluation-words' },
      element('p', { class: 'verdict' }, evaluation.verdict),
      element(
        'p',
        {},
        `Trained on ${number.format(evaluation.training_rows)} rows cut between ${evaluation.training_cuts[0]} and ` +
          `${evaluation.training_cuts.at(-1)}; measured on ${number.format(evaluation.evaluation_rows)} rows cut on ` +
          `${evaluation.evaluation_cuts.join(' and ')}, whose 60 days training never saw.`,
      ),
      element(
        'table',
        { class: 'metrics' },
        element('thead', {}, element('tr', {}, ...heads)),
        element('tbody', {}, ...rows),
      ),
    ),
    element(
      'figure',
      { class: 'plot' },
      element('img', {
        src: 'demo/evaluation.svg',
        alt: 'Left, calibration: the chance foretold against how many bought again. Right, the ROC curves of the three models.',
        width: 720,
        height: 331,
        loading: 'lazy',
      }),
    ),
  ]
}
