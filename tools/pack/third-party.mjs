// The licences of shared libraries that go into a package, as Debian keeps them. What they refer to is written out.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

const COMMON = '/usr/share/common-licenses';

/** `{ name, version }` of the Debian package that a file belongs to; undefined elsewhere. */
function packageOf(path) {
  const real = realpathSync(path);
  for (const file of new Set([real, real.replace(/^\/usr/, ''), path])) {
    const { status, stdout } = spawnSync('dpkg-query', ['-S', file], { encoding: 'utf8' });
    if (status !== 0) continue;
    const [name] = stdout.split(': ');
    const version = spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' }).stdout.trim();
    return { name: name.replace(/:\w+$/, ''), version };
  }
  return undefined;
}

/** Packages by name, each with its libraries and its text. */
function packagesOf(libraries) {
  const packages = new Map();
  for (const { soname, path } of libraries) {
    const { name, version } = packageOf(path) ?? { name: soname };
    const copyright = join('/usr/share/doc', name, 'copyright');
    const text = existsSync(copyright)
      ? readFileSync(copyright, 'utf8').trim()
      : `The machine that made this package (${path}) keeps no text of its licence: see the project that ${basename(path)} comes from.`;
    const { files = [] } = packages.get(name) ?? {};
    packages.set(name, { version, text, files: [...files, soname] });
  }
  return packages;
}

/** The text of the file that names every library, where it comes from and its licence. */
export function thirdPartyText(libraries) {
  const packages = packagesOf(libraries);
  const texts = new Map(); // packages of one source have one text
  for (const [name, { text }] of packages) texts.set(text, [...(texts.get(text) ?? []), name]);
  const sections = [...texts].map(([text, names]) => {
    const heads = names.map((name) => {
      const { version, files } = packages.get(name);
      return `${files.join(', ')}: Debian package ${name} ${version ?? ''}`.replace(/: Debian package (.*) $/, '');
    });
    return `${'='.repeat(78)}\n${heads.join('\n')}\n\n${text}\n`;
  });
  const named = new Set(
    [...texts.keys()].flatMap((text) => [...text.matchAll(/\/usr\/share\/common-licenses\/([\w.-]*\w)/g)].map(([, name]) => name)),
  );
  const common = [...named].sort().filter((name) => existsSync(join(COMMON, name)));
  const written = common.map((name) => `${'='.repeat(78)}\n${COMMON}/${name}\n\n${readFileSync(join(COMMON, name), 'utf8').trim()}\n`);
  const head =
    'The shared libraries in lib/ are those of the machine that made this package, unchanged but for the folders in which they look for each other.\nWhere a Debian package is named, snapshot.debian.org has its source in that version.\n\n';
  return head + [...sections, ...written].join('\n');
}
