import { escapeHtml, html, listed, trusted } from './html';

describe('html', () => {
  it('escapes what is interpolated, in text and in attributes', () => {
    const name = `<img src=x onerror="alert('1')">&`;
    expect(html`<td title="${name}">${name}</td>`.text).toBe(
      '<td title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;">&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;</td>',
    );
  });

  it('keeps markup, joins lists and prints nothing for what is not there', () => {
    expect(html`<p>${[html`<b>a</b>`, 'b<', 3, undefined, null, false]}</p>`.text).toBe('<p><b>a</b>b&lt;3</p>');
    expect(html`${trusted('<b>x</b>')}`.text).toBe('<b>x</b>');
  });

  it('lists as a sentence does', () => {
    expect([[], ['a'], ['a', html`<b>b</b>`], ['a', 'b', '<']].map((parts) => listed(parts).text)).toEqual([
      '',
      'a',
      'a and <b>b</b>',
      'a, b and &lt;',
    ]);
  });

  it('leaves an attribute out whose value is false, and only such', () => {
    expect(html`<a id="${false}" href="${'x'}">${false}y</a>`.text).toBe('<a href="x">y</a>');
    expect(html`<a id="${'false'}"></a>`.text).toBe('<a id="false"></a>');
  });

  it('replaces control characters, which XML does not allow', () => {
    expect(escapeHtml('a\u0000b\u001bc\n')).toBe('a\uFFFDb\uFFFDc\n');
  });
});
