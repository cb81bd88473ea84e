"""Compress payloads of sealed tokens with zstd (RFC 8878) and a trained dictionary.

Only the blocks of a frame are kept: without magic number, content size, checksum and dictionary id, the frame header is
the same for every payload.
"""

import base64
from typing import Final

import zstandard

from clicktrail.errors import TokenMalformedError

# Printed by bench/tokens/dictionary.py. It is part of every token compressed with it and must never change.
DICTIONARY = base64.b85decode(
    "H>5D^0RR91J`kX`AP>VZ3=eC^!KxaHI>m}rIF8}1s<Ne|wUm<9w6&y7^eW0RF-ejnAp=Iw0ly``CBG%V>i_@$|Ns9(0000442{Bs(z@vZ00bb5"
    "lMYJ>=aGp}lEgraqbQ7Vl!3+=VhkCP85sZo0002=^AtHPi((K2F$@6!005w@000000096100aO400;m80GHWPXmoUNb2=|CcXxL#VqtV>a&K>K"
    "W@TY?b#i4cV{dIQa%FaDWp{HgW^8F^Xml-OVQyq>Wi2=|F)%kSVRLYJKW$@QWocwRG+{SkW-&QAHD<DKd30<!Hf(riF=AqBZ#HmhGpKlJZ*6R8"
    "WH7TbFfutUFfw0bZ*_8WWnXY?VQv>8&TcosoR`^_XmoUNb2=|CVr*|`E@N+DbS-6VVQFkGb7*gHFLGsbZ*_8GWpgiXVRUtJVQeipF_+oAXmoUN"
    "b2=|CVqs!=ZEtdJX>MmOV{dIPVRbKXa&KgHV{|WfZ*pv8EoN+QcV%)dVqs!=FKl6TZewUIV|in2X>MmNX=G(#b1gA4I59RZaAambb#!fCb8mHW"
    "V`V*MZDDC_CUtaeUu|V%X?1NqZe@3KY-MzGWpXBUbZuW_VQp|>X=iRdGB7eWEip1*V{C79XlZU|CUtaeUt@1>bY*UIJ#=qyUvqSCa(O0obZuXB"
    "WpZsjb7*g6vSW2>XL@EeIG5SIXmoUNb2=|CV{dL_WpZ>bZ*pfZY-M3`ZZBhRY;0v?bZKvHEoE$FV{~$9V=ZBFbZKL3Wi2^4GBY$UX>Md?crIvk"
    "ZEQbwVRC6<Zgf32H8(LdGchqSH8e0WCUHGxY-wj`bS8ClZC`V5b#h~6J!5ihCUtaeUu|V%X?1NqWo=<;Y$kPdZC_(yZE#^}XKp<*FfutUF)?3l"
    "Z*p#FZf9R`a&KR7Xm50HCUtaeUvy=1Z9Q;uZ)b90ZL)7>IAd&ZVYf0cGC3_UGGBLTZe(wFUw3bEYjbFCZ~_R<Y@i?}m)S^YbaZfYIxjC`Z*OZZ"
    "V{a~XYcFGOZggQ|bT4#ob#g6cX>MU`FJWV2Z*^{TEo5nDX>?(1En{JFWG!uBa%*LDX>MmOaA<I{a5-%-H)?KjG-hlwb2K+MZg{9MZ*FsTH+43)"
    "GB7eXEigD=b8vELZf9R`a&Ky7V{`=w&TW5gewW#bXmoUNb2=|CXk~10E@NnAV{2?_b960jZ*F8^c`jsSFKlIIc{9B-FfuqTFgRaxWn*t{WM6Y_"
    "VRCd|b8l>QbZKvH0Rql!2-AR<*^+2<bZ~PzFE4IocXKXtbZ=v8E^cLXFK}{cV`*+@FLPyMb#iHRc`ayfZDlQEZ)|UJFKuCRYh`pTd1Ya8En{zO"
    "aA9tFE@5+Uct3GHb8lvJcVTj6CUtaeUvqDDa${vZZe@3KY-MzGWpXBUbZuX4Wn^h}Z9QdeVQFk8b#!fCV_|J@VQFV>J!5ZdZ*pHZvSoNRF=lFP"
    "F_+m*XmoUNb2=|CbY)>;VP`I5Z*4DSc4cmKb1!#cbYo~OV|8qFb#i4bbY)>LV_|J&a$zoLbZu-uY+-I^J!NhtV_|e<XK!+OJz`;QYqD)@dNg5X"
    "H8o;4dU`i&F=u3Us5EtLc`$Z&d95-qGC3_UF<)YDVRB>z3C?RYYI~R2v1oL3aC15@FKKROZ!TkRbaZcSE@N+PFJxt5Y;!MTVQyq>Wi4`LVPrpZ"
    "Yjr(1I5#yWc42a9VQzFiH#IUcF*GwXHfUvRa4&Ooa%E+7EpTXWbZ;$iY;|)jcV%U3Wo~3HXmo9CKW$@QWocwRVKFu}VmCE8VKuUKVPt7%I5IXd"
    "cW-HDa&~HNZ>Vf)cWG#Hc6PCEZft38WnX1%Wn*-5X=7hA0uIh?L_I{8*_CK?bZ~PzFE4IocXKXmb#7y5EpB0Sb#i4cV{dIQcV%K}ZeemSb8Ka0"
    "a4m3eV{2t}FLGsbWnpq-Xf1SdX<=+GXmo8qb!lWhI5uK2Ff%taGdU)8bZuXAZ@)4yGBzzRGGAk8Wn*h>X>)X6V`yP=X>@sCWp-t5bO{j7ZUPkk"
    "m)R|7baZfYIxjDCbYXIIE^cfua4%?Yb#rAdaAambbZ={AZarZ(F=H?^IAb<2vS(>@X*FSZI5BK!WM(#OVPk2ibu@A}XmD_9uQD()I4v+UUt@1="
    "W^ZzI8XeAUIFY88*_mi`bZ~PzFE43sW^XQYbZ=v8E@N+PFJo_QZFO#Gba^jyZ*VPbZ**v7axHRUX>KiZbYXIIFKl6TZb`|P+0JNmbZ~PzFE4j@"
    "cP?;pZ)A02bS-yjZe(wFE^cfub98TVX=QUSb7gcbb7*ODbS-3MVQejGWp`z4a(OK?H8wUiFKuCRYh`q4Zf7lHZ*6dFWprgNV{dI{Z*p`kH8n9a"
    "G%j#tW<P9UZf8AZZYE=4bY*96a(O*tZ*6ULZfSIRCUtaeUvqDDa${vZZDDC_V`yn@a3*zhZC`C=WNCG6J!Eoea3*zhZC_(yZE#^}XKp<*FfutU"
    "Fg0IeZ*698a%gaIIXO3|d2DcVXK`t9xH2#@IV~_VUvq3_WpH0)VRCC<V{&0;bPpoVZ_>1>m)VbKbaZfYIxjDGcXuvnZgX{VVQyn(E@N*lb!#tV"
    "Z+C8NZ((FFcV%p2Z*65QWnpu4WpXcJaA9(EZDnqBKXr6%UvqDDa${vZV{&aKb#!fCZDnL>b!|Ola%pfTb#!fCV_|J@VQFV>Ju)ydH!U$SUuSG#"
    "b8{wjbZuW_Z*FvDZgf3nZ*O#Ea$j_1cyzLHWn^M_HZm|WI4v<UUuA4%V{~$9V_#!$ZE$R5bY)*=VPbM=V+SVAZ0TR4m)SOGbaZfYIxjC_aBwbR"
    "Y-MtEEn{e5X>u-OZ*4Dca%5$4b1!gZZ*Xj7En{e5a%psVE@*UZY_d0FVK8-La%*=vWn^q-Vr^q_sCi^CF?29)ai?}+Y;|Q{I06ICZLikzm)V?X"
    "baZfYIxjDGcXuvyZ+R_fWnpr3E@N*lb!#tUZ*Fv9V{|TIb8vV+V_|e<XK!+OJ#BAtWhQlWZC_(=ZggdCbUk8kWO-j=b#!!ZZYFhfZC`X{a&0|m"
    "VQF%*XmxBcZFXccXEAMNW@ctMZf>YHX*OasadI)PGB7eYEigG>b7^dLWpWcD&T7y|wwKw0XmoUNb2=|CVsd3+WG-WGZ7*bRcW!KNVPr00b8vV+"
    "b#!fCb8mHWV`V*aWo~3=a%p5Hb#!fCZDnL>b!|OmZDDC_CUtaeUt?iyaA9d@ZaraeVRCeBWo~p|Z*_ERWprO|X=iA3Uo$3kbZuW_Z!~UhG&XZ_"
    "X?9|9Ycn}vW^|}xWiVkdV|qENZf|yFZDM6|Up5pQ&TUR<)|c6kXmoUNb2=|CcXxL#a&KW|EpKpTZZ2bQZ7*YCa%E+5b1!0VbaZTGE@5+Uct3S?"
    "ZC`V5b#h~6J#J-pb8KaFbY*fTb#!fCZDnL>b!|OmZDDC_CUtaeUt?iyaA9d@Zap$EGB+(SGGAt8b98BTVQgPxX>@reb#!fCV{dMBWo~pmXk}q!"
    "WpZC>ZDD6+vNbq&ax!suc5ifIVQg$)Vrgq-vT9^DHD_gYXmw^ed3G~1X>B>EFl}&nd1rKTyfQE{H!UzYUvqSFWo2|<W^ZqFVqt7-Ut(!%Wf2w5"
    "Zld=Mm)VPGbaZfYIxjD2Zf0*TcW7yJWiDfHZ7+6dWMyx2KXY$#bUko#X=7z3b#!fCb8mHWV`V*VWp{IIWps39awc_jZC`C=WNCG6J!Eoea3*zh"
    "ZC_(yZE#^}XKp=ka&KpHVQpV@Z)9P4Uu<b@X>?^|UpFRobZuW_Z!dFnZ*pZWa%FU3X>2WWWo%_(b7d}RZ!d0TcQ0jlV{CPEX?A5TZEtmMbYW?3"
    "En{JAWpZIHV{dG1Wn*+{Z*DJeXm4(1En;tUbZliUa%FR6VRB<=Epc^WY-x0PKXr6%UvqDDa${vZV{&aKb#!fCZDnL>b!|OmZDDC_CUtaeUt?iy"
    "aA9d@Zap$EGBzzRHD6<Ob98TQWpZC=WpZhBVP|DuaA<FCWhQlWZC_(=ZggdCbUk8kWO-k7Wq5S5GIVcuF)?wdF)(CwWN3F}u`)0+H!U$TUt)4)"
    "VQXe#b94g)&TKdZ6qnhbXmoUNb2=|CZFw$ZZ*6dFWprgOV{dIQWo|EYWn*Y9aA<FCWiN7Nc4=jIEoO3Mb7(DZZft38Wi4iPbairNE@*UZY(I5$"
    "ZC`V5b#h~6J!5ihCUtaeUu|V%X?1NqZe@3KY-MzGWpXBUbZuW_VQp|>X=iRdGB7eWEio})WMOV&WhQlWZC_(=ZggdCbUk8kWO-j=b#!!ZZeKF8"
    "HfeJ(W@$EYa5boOYc_IhVre<7GB7eXEif}*cW-ZG3?j~MEX9eJ*_~)~bZ~PzFE4j@cP?XSWo2_^E@N+PFJo_PY-M9~X>V?GFKlIDbZBLAFKA(K"
    "aCt3vVQg$abZ={AZapzMW;kXsGc{u}CUA0ZZErneXmV+DbZudCF)$`|bZuXAZ*_8GWj$zhVsmhBbS8ClZC`C=WNCG6Jz;fpZ*5_8X>V>Ob#!fC"
    "V_|J@VQFV>Ju)ydIV~_WUvqSFWo2}-aAK}9FfukRFg0IrWp8k7We^q4Z5(bSm)SXJbaZfYIxjD7Wp{HfWo%_*baH89E^}yaa4&CWW@U17FJxtG"
    "X?A6Dc|UV$dSyLrCTwADXFX+ZvNdfvF=uXTb$B#nGBbF3ZF+X7ay5ExZEALKyfQE{H!UzRUvp(+b#iHRd0%5;ZDn#{Uu<D*a1<NPZq@*sm)V<W"
    "baZfYIxjDGcXuvwX>MmOZfq}Ob#ruYZDn$EFK2aWWMwU8a%FR9FJ^Ugb#i4bV_|GxYGrq2Y;t*DXJK+=Wo{;QbZuW_Z*FvDZgf3pWnpAxa$jt3"
    "XKyBTbZuXBWpZsjV{&0;bh312V`gS#Z)Rv`Vr*@1b#Z1msADj1b#ZuQalSGzGB+(SGGAeGa%py9Y+q_+cV%pHd0%H?a%5$01ryG1&k(bh*_UW^"
    "bZ~PzFE3|rE^}pac4=c}E^}yaa4%zFZE#^}XKr&ZWO8Y4Yb`f1H!?9UVRLYJKVxBZWoK`4c|Bodc4cmKb#i4Ub#!fCb7wX%sApv`ZF6;JYqT;j"
    "GBzzRG+%6QV_|GxW^8F^Xmkn-&TeJV_m|m@XmoUNb2=|CVr*|`E@*Fcb7d}OaxZdab8mHWV`XzMV_|b;KXPSeJ!D~NY<VVibZuXAZ*_8GWj$_X"
    "cXMoIbaZ8MCUtaeUu|V%X?1NqWo=<;Y$kPdZC_(yZE#^}XKp<*FfukRFg9OfXk}${WnX1sb97~LCUtaeUt@1>bY*UIJ#cbwWOZY7Uox_0dNF5i"
    "WjAJRZenX>ayK+LbZuv5ZgP33YBV%5ZfI{~vobI;H!UzXUvqA6cVBgIWMOn=0t3!&=Z5E(*`a83bZ~PzFE3?yaAk6IE@NRYa%FaDWp{HgcW-ZG"
    "Eo^0BbZBLAFLZKgVQejAX>((5b#8PoX>Md?crIvkZEQbqVP|DMGA3+cZf8AZZYFhfZC`V5b#h~6J#J-pb8KaFbY*fTb#!fCZDnL>b!|OmZDDC_"
    "CUtaeUt?iyaA9d@Zap$EGB_<TH(zLFVRCdPb#!fCV{LF@X=iRdVqtV>a&K>KUu0o)VP9cnc4cmKb#i52H70d*ZC_(=ZggdCbUkQga&KR0ZDD6+"
    "CUtaeUvy=1Z9QXbWnpfzab`F<d2V)Rb!~cXb8L5LYBs29G-6|JXm4e?VqtV>a&K>KUu0o)VP9cnc4cmKb#i52H3TKjYi;-}m)SCCbaZfYIxjD6"
    "c`kBkZf7oIZ*4DQXk}w-Z*_DpcW-iQb7*gHEn;$EZe%}kJ!o%jWwK{#W@2}AHa2c~Vs>?UWU_N|G&y)RFg7!2d2DGpGH-J;s5oV3bu?#iG`cb{"
    "GBzzSFkf?Yd2D50V{dI{Z*p{BaBN|21`f__!KG)H*_dc_bZ~PzFE4XwZ*VSSXk}${WiDfHZ7yMTFJobJWoK`4c`s>XWnptIY-w$2bY)~MbY)>J"
    "H#0IcKX74ZWj!(`b#!fCb8mHWV`V*aWo~3=a%p5Hb#!fCZDnL>b!|OmZDDC_CUtaeUt?iyaA9d@Zap$EGB+(TFkfSDVRR;SbZuW_Z*_BQVRdd}"
    "XfAJZXD?%KZEbaKX>@rnV{dJ3b#7^Nc`b8waBy#ObS-RQZE!7SVQg$KWMOG+c`asXZeeUKWMyn=c4cyTEpT#WZE1CFEj2bZI5<CZZ*_8GWj$qW"
    "VQFl#XKOGrcQ-R@Hfk|5XEkJGW_qY&Yc^<bHFY+yGB7eZEio`(ZEtmMbYW?33n0#K<>O74*@$R#bZ~PzFE4F*E^lULX=7zBZe?^Yb9HcVZ*p`m"
    "X>Md?crIvkZEQbtZ*_8GWpH6>XKp<*FfuqTF)&|aZ((#_ZEs>}Y-L|<b#rNBCUtaeUt@1>bY*UIJ!oZNWMy(+Y;R|8vTb>8IW;hEb9Xp%H*sid"
    "VQgZkHZ?bJc4~KdxiT;^I4v<SUt@1!bYE?6Vrgt;Uu|`BX=4s1&Tud=dY9R$XmoUNb2=|CX>Mk3E@E$ZcVTp8axP<UZ7*_VXK8bEWpXcKb#rNM"
    "Wpi^aI5##nFKcOZV`yb=EoyIda&BdLEn#GKWo~qJa%C?+b#!fCb7*C9EoNbMZ*pmLWiDfHE_G`!V_|b;Epv2rWNBq{FLQ5fb#!TOZY^eMZeeUK"
    "ZDD6&dTDNDE@*UZY(HgfVQFk%X=FWSF*RgkW@9xlH70FiUt?)xJuzZsVlp^nHDWO)b#!fCb8mHWV`V*UVQFk*XlZS5CUtaeUu|V%X?1NqbaG*C"
    "b75n2X>V>}Y$kPdZC_(yZE#^}XKp=aY-wj`bYF92a&~EBWnVZZb#!fCV{dMBWo~pmVsB)5Uvy=7bYC;FbZ$K|FfuqTF)?3oVQ^(~Uvy<*Z6<Ye"
    "ZC_(=ZggdCbUkKoZ**mHUvy=7bS8ClZC`X{a&0|hXmV+DbZudCvT$NFG-GOIVrwxtcyBgtF*9MPVK*^zbYeDovNA9-I4v<TUvOb?WpZD1Wnpa&"
    "9nNi+%x#z1S!i^0aC15@FL!r$E^2Rea&BdLV{&C=X>=}QZ*4Dda&KgHV{~&bcWG{PWpXWIa%Ev_W?^%5FLG~TWG!rAb#7y5KXzeqX<=@3JvlTq"
    "GIexqUu|V%X?1NqbaG*Cb75n2X>V>}Y$kPdZC_(yZE#^}XKp=nb#7l|Wpis^F(!3%ZC_(=ZggdCbUk8kWO-j{ZDD6+vSu|hZFg#HWNT$LcWQ5L"
    "V`gQjV>WSSXfbtWs&jR2Uu0!-YhN)PD9&$NF)EkYt7vp|aC15@FL!r$E@WkMYb|hcX=7zBV{dIQb98TVX=QUSWnpq`c`b8qW^{L9a%C=Ib8vV+"
    "V{dhEZ*Dzhb8}^GbZKF1GB74}bZuXAZ+B^IWF~WOa&$d#a%p2_CUtaeUvqDDa${vZXmw(9aBp-bb#!fCZDnL>b!|Ola%pfTb#!fCV_|J@VQFV>"
    "Ju)ydH!UzWUt(opV`yJ<YiVvKb#!fCV{dMBWo~pmXk~J5UukV&XJxW$Wi&T#c{y%lVKrqja(XmmGN^fKVrDd9XKu1GFfunSFg9OeWnp7zUvq0|"
    "ZU!38Y<$I?m)VqPbaZfYIxjDGcXuv#X>4RJV{dIQX>N9JX=7z`FK=~pY-MyUbS`0YaCkp#VQyzVWo{;RX=QgkVQg$Bb#!fCb8mHWV`V*Ka&0Dc"
    "bZuX4Wn^h}Z9QaiX>cZWbZuW_VQp|>X=iRdV_|e*Y;R{@W_5IRa%Ep-cw=mJb7^*EUox^bW_4v|HD_{oYieU`Zfk5ddZ=r2H8e70csaUbVRT_^"
    "Z)aa-b#!%dWnX1@V{CPEX?A5_G7JsQZUcW?m)Ub@baZfYIxjD0Z!URdVRCb2V{dL`E@NRYZ*pX1a&s<lXmCGubZuXAZ)az+W?^D-X=7h$ZgX{V"
    "VQyn(Uo!~{&TB&TSeMzJXmoUNb2=|CVQ_FRVsd3+WG-WGZ7*hJVRUtJWpgiMXkl_`ba^dfZ)|L3V{~b6ZY^zPZgnkVVPb4$KXr6%UvqDDa${vZ"
    "b7gL1XL4y|CUtaeUu|V%X?1NqWo=<;Y$kPdZC_(yZE#^}XKp=oVPb4$Utw}`X?9_3Ut?%;X>)XKVRK(LCUtaeUt@1>bY*UIJ#=qyUvqSCa(S|0"
    "HFIw?dNpKuXg70lHflF>G^{c(GB_<TGGBCQZDk1&&TpGY+Lzf*XmoUNb2=|CWN%}0E@f<GV{~$9V=iNFZ7*SCV{dhCbT4mmWMy)5FJy0TaxHUZ"
    "V|8+Aba^jiWnpYBVs&(MZ*DDTY+-YAEoO3cX>_t;d1PuZGGsMsF=AvjGjL)uY^XD8G-+^pFmt>zFfutUFgRafaA9(EZDnqBUu17*Uu|z<X>4U0"
    "B+hKdVL+GJrf76@aC15@FKu})W?^h>E^l&YFJ^KtWN&VCWo~pmV{~D%F=={fb$DZXYGib2Z*VetG-s%5ICge&a%p6*GB7eZEigG>W@&V8Wpi@`"
    "3(jlcw9uE?gJ^VgaC15@FK%Ubb1rCaZDnm?XJLA2Ze=cGZ*4Dha$#d@X>MmPKXPSeJ!4^VWF~cVZC`V5b#h~6J!NfSX>2BSbZuX4Wn^h}Z9Qde"
    "VQFk8b#!fCV_|J@VQFV>J!WZcVQgP=Wn^D8CUtaeUt@1>bY*UIJ!oZeZ(m|{baZcSvTJxZF=b}DGB7eWEigG>V`y?|b98NCb6;d{Z*pIBZ+Q<D"
    "&TUakE0@`gXmoUNb2=|CX>Mk3E@yIYb#P{KWpijQZfq}ZWp{HgX>Md?crIvkZEQbdb#iiLZew{pMO9KJb#!fCb8mHWV`V*SY+-h3d2c3lbZuX4"
    "Wn^h}Z9QaiX>cZWbZuW_VQp|>X=iRdbY)>*b7N^`ZewL%GA4C&ZC_(=ZggdCbUkKoZ**mHUu<b^YqBt6ZDlfca5ix>Ie2k)Z+d4jsCX`DbZu-u"
    "b#!fCb8mHWV`V*aWo~3=a%p5Hb#!fCZDnL>b!|OmZDDC_CUtaeUt?iyaA9d@Zap$EGC3_UGhb(EW^`X;VQyq>WhQlWZC_(=ZggdCbUk8kWO-j="
    "b#!!ZZeKDcb#!fCbY*gFJ!5EPV{2?_b95tYZ*FI@HgGm&aba*aXf<bRW;r-vHg>3CY;1FRG-5HcGB7eZEif}*XK7}1Ut?izWNc*s0nTp|7fhGg"
    "F=%vjaC15@FLP*ba4vUfX?U+PFfunSFgRawWo%_(b7dhS&TQYMbC=nxXmoUNb2=|CXk~10E^~BsWNB|^Z*O#BVQg$JV{dIPVRbKIa&&29Y-MvV"
    "cW-iQEqP^OaxFPAHZ?adX>Md?crIvkZEQbwX=QgkVQg$Bb7^{IJ#8j+bZuXAZ*_8GWj$zhVsmhBbS8ClZC`C=WNCG6J!NfSX>2BSbZuW_VQp|>"
    "X=iRdX=G(#b6<04X>xR5IVN><ZC_(=ZggdCbUko#Z)A02bYC&DIWA*wZ7*+TW@U17FF$p3ZC`V5b#h~6J!NfSX>2BSbZuX4Wn^h}Z9Q&fcXMoI"
    "baZ8MCUtaeUt?iyaA9d@Zap$EGB+(TFkf(TWo>D7ZC_$#WM6Y=Z)GNRbZuW_Z*FvDZgf3uVQFq(V{~D%Xme+6b9gjla&T{Pc49VSYB{KJHaKf&"
    "b9gqmGB7eXEio`(aB^jBX?1O1Vr67sb7*g6013`-84Sgj*@tL!bZ~PzFE4X+Z*pZWbY){`E@N+PE@5>qa&lv3J!o}eb8v5TCUtaeUu|V%X?1Nq"
    "Wo=<;Y$kPdZC_(yZE#^}XKp<*FfukRFfm_eZ){{Hb#!fCV{dMBWo~pmXk}q!WpZC>ZDD6+BV%lDbZBXAXR>K`baXRrH)Aw2HhMTPGj()nsBbl7"
    "b9gy3IIJ=-GBzzRF<)nIY-9lh&T8=BnU~ptXmoUNb2=|CVr*|`E^Kvpb#i$wV{dIQV_|Z1E^uUKKXr6%UvqDDa${vZV|8<MZ*66AE@^Kjb#!fC"
    "Z6<YeZC`V5b#h~6J#%GlWM^_|WF~cVZC`C=WNCG6J!Eoea3*zhZC_(yZE#^}XKp<*FfukRFgIU$Z)ag&cVTp6XtFVOa&<O#Ib?TtZf-SfF?MHZ"
    "s5x<PH)(M-X0kFcGBzzRH(z;gXJKD=VRU0?5fjdDfs#m<*==ZabZ~PzFE3_wa&BpKb#i4bV{dJ3b#7^Nc`jpbZ7yMTFK{ksbZtL%bZuXAZ*_8G"
    "Wj$+bVRmVGZzgqgZC`C=WNCG6J#J-pb8Tg0X?1NqbaG*Cb75n2X>V>}Y$kPdZC_(yZE#^}XKp=aVQF$-b98TVWnVF}WnytPYH)NnH8^-NH+Xh-"
    "cW<a;cw%mNW^FR8W?^Y^UvqSCa%EpJ0tL=)+NUd**?VYobZ~PzFE3$ma4v9VZ*Xj7En{JGWiDfHZ7*zZXK8LOVRLYJKXr6%UvqDDa${vZZDDC_"
    "V`yn@a3*zhZC`C=WNCG6Jz;fpZ*5_8X>V>Ob#!fCV_|J@VQFV>Ju)ydIV~|VUte=?b#h~6J!5ihCUtaeUu|V%X?1NqWo=<;Y$kPdZC_(yZE#^}"
    "XKp<*FfuqT"
)
"""8,192 bytes in the format of RFC 8878 section 5, trained on made-up payloads."""


_LEVEL = 4
"""Higher levels take more than 5 µs a payload and save less than one character of a token."""
_TYPICAL_PAYLOAD_BYTES = 256
_MAX_PAYLOAD_BYTES = 65_536
_FRAME_HEADER = b"\x00\x30"
"""Frame header without options (RFC 8878 section 3.1.1.1); the second byte is a window of 64 kB."""

_dictionary = zstandard.ZstdCompressionDict(DICTIONARY, dict_type=zstandard.DICT_TYPE_FULLDICT)
_compression_parameters: Final = zstandard.ZstdCompressionParameters.from_level(
    _LEVEL,
    source_size=_TYPICAL_PAYLOAD_BYTES,
    dict_size=len(DICTIONARY),
    format=zstandard.FORMAT_ZSTD1_MAGICLESS,
    write_content_size=False,
    write_checksum=False,
    write_dict_id=False,
)


class _Codec:
    # Creating a compressor costs more than compressing a payload.
    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(
            dict_data=_dictionary, compression_params=_compression_parameters
        ).compress
        self.decompress = zstandard.ZstdDecompressor(
            dict_data=_dictionary, format=zstandard.FORMAT_ZSTD1_MAGICLESS
        ).decompress


_idle_codecs: list[_Codec] = []
"""Pool of codecs, since two threads must not use one at the same time. list.pop and append are atomic."""


def compress(payload: bytes) -> bytes:
    """Compress a payload. The result may be longer than the payload."""
    codec = _take_codec()
    frame = codec.compress(payload)
    _idle_codecs.append(codec)
    return frame[len(_FRAME_HEADER) :]


def decompress(compressed: bytes) -> bytes:
    """Decompress a payload.

    Raises:
        TokenMalformedError: not compressed data, or more than 65,536 bytes.
    """
    codec = _take_codec()
    try:
        return codec.decompress(_FRAME_HEADER + compressed, _MAX_PAYLOAD_BYTES)
    except zstandard.ZstdError as error:
        raise TokenMalformedError("sealed with a payload that does not decompress") from error
    finally:
        _idle_codecs.append(codec)


def _take_codec() -> _Codec:
    try:
        return _idle_codecs.pop()
    except IndexError:
        return _Codec()
