(()=>{const q=i=>document.getElementById(i),cards=[...document.querySelectorAll('article')];
const show=()=>{const t=q('text').value.toLowerCase(),s=q('severity').value,f=q('source').value;let n=0;
for(const c of cards){const on=(!s||c.dataset.severity===s)&&(!f||c.dataset.source===f)&&(!t||c.textContent.toLowerCase().includes(t));c.hidden=!on;n+=on}
q('count').textContent=n+' of '+cards.length};
for(const i of['text','severity','source'])q(i).addEventListener('input',show);show()})();
