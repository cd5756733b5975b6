// Choosing a monitor by its name: a field with a list, and the next and the previous one.

/** @param {PickerStation} station */
function stationText({ id, name }) {
  return name === undefined ? id : `${id} ${name}`;
}

/**
 * @param {PickerData} data
 * @param {(station: number) => void} choose
 */
function stationChoice(data, choose) {
  const input = /** @type {HTMLInputElement} */ (document.querySelector('#pick-station'));
  const list = /** @type {HTMLDataListElement} */ (document.querySelector('#pick-stations'));
  const message = /** @type {HTMLElement} */ (document.querySelector('#pick-message'));
  const texts = data.stations.map(stationText);
  /** @type {number[]} */
  let listed = [];
  let chosen = 0;

  /** The station that is meant: of this name or id, else the first that holds the words. @param {string} words */
  function meant(words) {
    const wanted = words.trim().toLowerCase();
    const same = listed.find((station) => texts[station].toLowerCase() === wanted || data.stations[station].id.toLowerCase() === wanted);
    return same ?? listed.find((station) => texts[station].toLowerCase().includes(wanted));
  }

  function take() {
    const words = input.value;
    const station = words.trim() === '' ? chosen : meant(words);
    message.textContent = station === undefined ? `No monitor that is listed is called “${words}”.` : '';
    if (station === undefined) return;
    choose(station);
  }

  /** @param {number} by */
  function step(by) {
    const place = listed.indexOf(chosen);
    if (listed.length > 0) choose(listed[(place + by + listed.length) % listed.length]);
  }

  input.addEventListener('focus', () => input.select());
  input.addEventListener('input', () => {
    if (listed.some((station) => texts[station] === input.value)) take();
  });
  input.addEventListener('change', take);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') take();
    if (event.key === 'Escape') input.value = texts[chosen];
  });
  document.querySelector('#pick-previous')?.addEventListener('click', () => step(-1));
  document.querySelector('#pick-next')?.addEventListener('click', () => step(1));

  return {
    /** @param {number[]} stations those in the list @param {number} station the chosen one */
    show(stations, station) {
      if (stations !== listed) list.replaceChildren(...stations.map((each) => new Option(texts[each], texts[each])));
      listed = stations;
      chosen = station;
      input.value = texts[station];
      message.textContent = '';
    },
  };
}
